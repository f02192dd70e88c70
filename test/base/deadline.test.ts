// Owns the proof that work is waited for no longer than agreed, and that its timer goes with it.
import { expect, it } from "vitest";
import { after, deadline, LATE, timeout, within } from "../../src/base/deadline.ts";

const never = new Promise<never>(() => undefined);
/** A moment that comes when the test says so. */
function moment() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let cancelled = 0;
  return { passed: promise, cancel: () => void (cancelled += 1), pass: resolve, cancelled: () => cancelled };
}

it("work that is done in time is itself, and its timer is cancelled", async () => {
  const limit = moment();
  expect(await within(limit, Promise.resolve("done"))).toBe("done");
  await expect(within(limit, Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(limit.cancelled()).toBe(2);
});

it("work that is late is LATE", async () => {
  const limit = moment();
  const waited = within(limit, never);
  limit.pass();
  expect(await waited).toBe(LATE);
});

it("a deadline rejects, and says how long it was", async () => {
  const limit = moment();
  const inTime = deadline(() => limit, 40);
  expect(await inTime(Promise.resolve(1))).toBe(1);
  limit.pass();
  await expect(inTime(never)).rejects.toThrow("no answer within 40 ms");
});

it("calls back when the time is over, unless that was prevented", async () => {
  const called: string[] = [];
  const first = timeout(0);
  const second = timeout(0);
  after(first, () => called.push("first"));
  after(second, () => called.push("second"))();
  await first.passed;
  await timeout(0).passed;
  expect(called).toEqual(["first"]);
});
