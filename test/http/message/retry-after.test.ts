// Owns the proof of reading Retry-After.
import { describe, expect, it } from "vitest";
import { retryAfterSeconds } from "../../../src/http/message/retry-after.ts";
import { NOON_MS } from "../../support/clock.ts";

describe("Retry-After (RFC 9110 10.2.3)", () => {
  it.each([
    [undefined, undefined],
    ["120", 120],
    ["0", 0],
    ["99999999999", 2 ** 31 - 1],
    ["Sun, 22 Nov 2026 12:00:30 GMT", 30],
    ["Sunday, 22-Nov-26 12:00:30 GMT", 30],
    ["Sun, 22 Nov 2026 11:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    ["1, 2", undefined],
  ])("%s is %s", (value, seconds) => {
    expect(retryAfterSeconds(value, NOON_MS)).toBe(seconds);
  });
});
