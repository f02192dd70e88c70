// Owns the proof of what each status allows.
import { describe, expect, it } from "vitest";
import { isBodyless, isServerFailure, isStorableStatus, statusFacts } from "../../../src/http/message/status-table.ts";

describe("heuristic lifetimes", () => {
  const all = Array.from({ length: 500 }, (_, index) => index + 100);

  it("RFC 9110 15.1: exactly these may be guessed", () => {
    const guessed = all.filter((status) => statusFacts(status).heuristic);
    expect(guessed).toEqual([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
  });

  it("RFC 9111 5.2.2.3: whatever may be guessed is understood; a status nobody defined is not", () => {
    for (const status of all) if (statusFacts(status).heuristic) expect(statusFacts(status).understood).toBe(true);
    for (const status of [299, 399, 418, 499, 599, 600, 999]) expect(statusFacts(status).understood).toBe(false);
  });
});

it.each([
  ["RFC 9111 3: an interim response is not final", 100, false],
  ["RFC 9111 3: early hints are not final", 103, false],
  ["RFC 9111 3.3: a part is not the whole", 206, false],
  ["RFC 9111 4.3.4: a validation answer is none", 304, false],
  ["RFC 9111 3: ok", 200, true],
  ["RFC 9111 3: an unknown success", 299, true],
  ["RFC 9111 3: not found", 404, true],
  ["RFC 9111 3: a failure with explicit freshness", 503, true],
  ["RFC 9110 15: the last valid status", 599, true],
  ["RFC 9110 15: invalid", 600, false],
  ["RFC 9110 15: invalid", 999, false],
])("%s (%d)", (_, status, verdict) => {
  expect(isStorableStatus(status)).toBe(verdict);
});

it("RFC 5861 4: exactly these are errors that stale-if-error covers", () => {
  const covered = Array.from({ length: 500 }, (_, index) => index + 100).filter(isServerFailure);
  expect(covered).toEqual([500, 502, 503, 504]);
});

it.each([
  [200, false],
  [204, true],
  [205, true],
  [304, true],
  [404, false],
])("RFC 9110 6.4.1: %d carries no content: %s", (status, verdict) => {
  expect(isBodyless(status)).toBe(verdict);
});
