// Owns the proof that marks on keys end, by time, by who made them, or for want of room.
import { expect, it } from "vitest";
import { expiringSet } from "../../../src/flow/support/expiring-set.ts";
import { testClock } from "../../support/clock.ts";
import { keyOf } from "../../support/stored.ts";

const KEY = keyOf("/a");

it("a mark ends with its time", () => {
  const clock = testClock();
  const marks = expiringSet(clock.now);
  marks.add(KEY, 30);
  clock.advance(29);
  expect([marks.has(KEY), marks.has(keyOf("/b"))]).toEqual([true, false]);
  clock.advance(1);
  expect(marks.has(KEY)).toBe(false);
});

it("a mark ends by its maker, if no later mark has taken its place", () => {
  const marks = expiringSet(testClock().now);
  const first = marks.add(KEY, 30);
  const second = marks.add(KEY, 30);
  first();
  expect(marks.has(KEY)).toBe(true);
  second();
  expect([marks.has(KEY), marks.size]).toEqual([false, 0]);
});

it("a mark ends when it is deleted, whoever made it", () => {
  const marks = expiringSet(testClock().now);
  marks.add(KEY, 30);
  marks.delete(keyOf("/b"));
  expect(marks.has(KEY)).toBe(true);
  marks.delete(KEY);
  expect(marks.has(KEY)).toBe(false);
});

it("a mark ends for want of room, the oldest first", () => {
  const marks = expiringSet(testClock().now);
  for (let i = 0; i < 11_000; i++) marks.add(keyOf(`/${String(i)}`), 30);
  expect([marks.size, marks.has(keyOf("/0")), marks.has(keyOf("/10999"))]).toEqual([10_000, false, true]);
});
