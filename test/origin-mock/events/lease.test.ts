// Proves the lease: held from when the question was sent, never longer, and lost with a no.
import { expect, test } from "vitest";
import { createLease } from "../../../origin-mock/events/lease.ts";

test("it lasts from the question, not from the answer; a failure neither prolongs nor ends it, a no ends it", async () => {
  let nowMs = 0;
  let answer: () => Promise<boolean> = async () => true;
  const lease = createLease({
    port: { take: () => answer(), release: async () => undefined },
    holder: "a",
    forMs: 1_000,
    monotonicMs: () => nowMs,
  });
  expect(lease.held()).toBe(false);
  answer = async () => {
    nowMs += 400;
    return true;
  };
  await lease.renew();
  nowMs = 999;
  expect(lease.held()).toBe(true);
  nowMs = 1_000;
  expect(lease.held()).toBe(false);
  answer = async () => true;
  await lease.renew();
  answer = async () => {
    throw new Error("no answer");
  };
  await expect(lease.renew()).rejects.toThrow("no answer");
  nowMs = 1_999;
  expect(lease.held()).toBe(true);
  answer = async () => false;
  await lease.renew();
  expect(lease.held()).toBe(false);
  answer = async () => true;
  await lease.renew();
  await lease.giveUp();
  expect(lease.held()).toBe(false);
});
