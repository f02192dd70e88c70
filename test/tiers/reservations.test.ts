// Owns the proof that what is set aside comes back: given back, or lapsed where nobody is left to give it back.
import { expect, it } from "vitest";
import { reservations } from "../../src/tiers/reservations.ts";
import { testClock } from "../support/clock.ts";

it("counts what is taken until it is released, once", () => {
  const all = reservations(testClock().now);
  const [first, second] = [all.take(10), all.take(5)];
  expect(all.bytes()).toBe(15);
  first.release();
  first.release();
  first.renew();
  expect(all.bytes()).toBe(5);
  second.release();
  expect(all.bytes()).toBe(0);
});

it("forgets what nobody has renewed for a minute, and nothing else", () => {
  const clock = testClock();
  const all = reservations(clock.now);
  const [kept, lost] = [all.take(10), all.take(5)];
  clock.advance(30);
  kept.renew();
  clock.advance(30);
  expect(all.bytes()).toBe(10);
  lost.release();
  expect(all.bytes()).toBe(10);
  // a timer may be late
  clock.advance(60);
  expect(all.bytes()).toBe(0);
  kept.renew();
  expect(all.bytes()).toBe(10);
});
