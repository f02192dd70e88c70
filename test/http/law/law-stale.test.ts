// Owns the law of stale answers: windows of revalidation and of error, what forbids them, and what a soft purge makes of them.
import { describe, expect, it } from "vitest";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import { settleFailure } from "../../../src/http/law/settle.ts";
import { fateOf, type Line } from "../fate.ts";
import { askedOf, at, type Fields, NOW, requestOf, settled, storedFrom } from "../support.ts";

const CC = "Cache-Control";
const TITLE = "RFC %s: %s";
/** Fresh for 60 seconds, then stale for 60 while it is refreshed. */
const SWR = "max-age=60, stale-while-revalidate=60";
const asks = (value: string): { readonly second: Fields } => ({ second: { [CC]: value } });
const soft = (afterSeconds: number): PurgeState => ({ state: "stale", sinceMs: NOW + afterSeconds * 1000 });

describe("stale-while-revalidate", () => {
  it.for<Line>([
    ["5861 3", "the last fresh moment", SWR, "fresh", { after: 59.999 }],
    ["5861 3", "the first hit after expiry is stale", SWR, "swr", { after: 60 }],
    ["5861 3", "the last moment of the window", SWR, "swr", { after: 119.999 }],
    ["5861 3", "the window ends", SWR, "ask: stale", { after: 120 }],
    ["5861 3", "it ends for only-if-cached too", SWR, "504", { after: 120, ...asks("only-if-cached") }],
    ["5861 3", "the window of what was never fresh", "max-age=0, stale-while-revalidate=60", "swr", { after: 59 }],
    ["5861 3", "and its end", "max-age=0, stale-while-revalidate=60", "ask: stale", { after: 60 }],
    ["5861 3", "a window of nothing", "max-age=60, stale-while-revalidate=0", "ask: stale", { after: 60 }],
    ["5861 3", "a window needs a lifetime to begin after", "stale-while-revalidate=60", "out: no-lifetime"],
    [
      "5861 3",
      "after Expires",
      { [CC]: "stale-while-revalidate=60", Expires: at(60), Date: at(0) },
      "swr",
      { after: 61 },
    ],
    [
      "5861 3",
      "after a guessed lifetime",
      { [CC]: "stale-while-revalidate=60", "Last-Modified": at(-600), Date: at(0) },
      "swr",
      { after: 61 },
    ],
    ["5861 3", "Age moves the window", { [CC]: SWR, Age: "30" }, "swr", { after: 30 }],
    ["5861 3", "and its end", { [CC]: SWR, Age: "30" }, "ask: stale", { after: 90 }],
    ["9111 5.2.2.2", "must-revalidate wins", `${SWR}, must-revalidate`, "ask: stale", { after: 60 }],
    [
      "9111 5.2.2.2",
      "must-revalidate wins from another line",
      [
        [CC, SWR],
        [CC, "Must-Revalidate"],
      ],
      "ask: stale",
      { after: 60 },
    ],
    ["9111 5.2.2.8", "proxy-revalidate wins", `proxy-revalidate, ${SWR}`, "ask: stale", { after: 60 }],
    ["9111 5.2.2.10", "s-maxage wins", `s-maxage=60, ${SWR}`, "ask: stale", { after: 60 }],
    ["9111 5.2.2.4", "no-cache wins", `no-cache, ${SWR}`, "ask: no-cache", { after: 60 }],
    [
      "9111 4.2.4",
      "a rule's window does not undo them",
      "max-age=60, must-revalidate",
      "ask: stale",
      { after: 60, policy: { staleWhileRevalidate: 60 } },
    ],
    ["9111 5.2.1.1", "never for a client that says max-age", SWR, "ask: stale", { after: 60, ...asks("max-age=600") }],
    ["9111 5.2.1.1", "nor max-age without a number", SWR, "ask: stale", { after: 60, ...asks("max-age") }],
    ["9111 5.2.1.3", "nor min-fresh", SWR, "ask: stale", { after: 60, ...asks("min-fresh=0") }],
    ["9111 5.2.1.4", "nor no-cache", SWR, "ask: request-no-cache", { after: 60, ...asks("no-cache") }],
    ["9111 5.4", "nor Pragma", SWR, "ask: request-no-cache", { after: 60, second: { Pragma: "no-cache" } }],
    [
      "9111 5.2.1.2",
      "a client with max-stale needs no refresh",
      SWR,
      "max-stale",
      { after: 60, ...asks("max-stale=10") },
    ],
    ["9111 5.2.1.2", "staler than it accepts, the window counts", SWR, "swr", { after: 80, ...asks("max-stale=10") }],
    [
      "9111 3.5",
      "never for a user it is not marked for",
      SWR,
      "ask: authorization",
      { after: 60, second: { Authorization: "x" } },
    ],
    [
      "9111 4.1",
      "never for another variant",
      { [CC]: SWR, Vary: "X-A" },
      "ask: vary-miss",
      { after: 60, second: { "x-a": "1" } },
    ],
  ])(TITLE, ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("after a soft purge, 10 seconds in", () => {
  const purge = soft(10);

  it.for<Line>([
    ["5861 3", "the first hit is stale", SWR, "swr", { purge, after: 10 }],
    ["5861 3", "the window counts from the purge", SWR, "swr", { purge, after: 69.9 }],
    ["5861 3", "and ends by it, not by expiry", SWR, "ask: stale", { purge, after: 70 }],
    ["5861 3", "a purge after expiry moves nothing", SWR, "swr", { purge: soft(100), after: 119 }],
    ["5861 3", "a purge after expiry lengthens nothing", SWR, "ask: stale", { purge: soft(100), after: 120 }],
    ["5861 3", "a purge after the window opens none", SWR, "ask: stale", { purge: soft(200), after: 200 }],
    ["9111 4.2.4", "without a window it is asked for at once", "max-age=60", "ask: stale", { purge, after: 10 }],
    ["9111 5.2.2.2", "must-revalidate wins", `${SWR}, must-revalidate`, "ask: stale", { purge, after: 10 }],
    ["9111 5.2.2.10", "s-maxage wins", `s-maxage=60, ${SWR}`, "ask: stale", { purge, after: 10 }],
    ["9111 5.2.1.1", "a client with max-age waits", SWR, "ask: stale", { purge, after: 10, ...asks("max-age=600") }],
    [
      "9111 5.2.1.2",
      "max-stale counts from the purge",
      "max-age=60",
      "max-stale",
      { purge, after: 15, ...asks("max-stale=5") },
    ],
    ["9111 5.2.1.2", "and ends", "max-age=60", "ask: stale", { purge, after: 16, ...asks("max-stale=5") }],
    [
      "9111 5.2.1.7",
      "only-if-cached takes what the window gives",
      SWR,
      "swr",
      { purge, after: 10, ...asks("only-if-cached") },
    ],
    [
      "9111 5.2.1.7",
      "and nothing where there is none",
      "max-age=60",
      "504",
      { purge, after: 10, ...asks("only-if-cached") },
    ],
    [
      "5861 3",
      "a second soft purge ends every window",
      SWR,
      "ask: soft-purged",
      { purge: { state: "validate" }, after: 10 },
    ],
    ["5861 3", "a hard purge too", SWR, "ask: purged", { purge: { state: "gone", reason: "purged" }, after: 10 }],
  ])(TITLE, ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("stale-if-error", () => {
  /** Fresh for 60 seconds, then stale for 60 where the origin fails. */
  const SIE = "max-age=60, stale-if-error=60";
  const CLEAR: PurgeState = { state: "clear" };

  it.each<[string, string, string | Fields, number, PurgeState, boolean]>([
    ["5861 4", "the first moment after expiry", SIE, 60, CLEAR, true],
    ["5861 4", "the last moment of the window", SIE, 119.999, CLEAR, true],
    ["5861 4", "the window ends", SIE, 120, CLEAR, false],
    ["5861 4", "in capitals and quotes", 'MAX-AGE=60, STALE-IF-ERROR="60"', 61, CLEAR, true],
    ["5861 4", "a broken window is none", "max-age=60, stale-if-error=60s", 61, CLEAR, false],
    ["5861 4", "the first of two windows counts", "max-age=60, stale-if-error=5, stale-if-error=60", 66, CLEAR, false],
    ["5861 4", "the window of refreshing is another", SWR, 61, CLEAR, false],
    ["5861 4", "Age moves its end", { [CC]: SIE, Age: "30" }, 90, CLEAR, false],
    [
      "5861 4",
      "in a targeted field that does not govern",
      { [CC]: SIE, "CDN-Cache-Control": "max-age=60" },
      61,
      CLEAR,
      false,
    ],
    ["5861 4", "in the targeted field that governs", { "CDN-Cache-Control": SIE, [CC]: "no-store" }, 61, CLEAR, true],
    ["9111 5.2.2.2", "must-revalidate wins", `${SIE}, must-revalidate`, 61, CLEAR, false],
    ["9111 5.2.2.8", "proxy-revalidate wins", `${SIE}, proxy-revalidate`, 61, CLEAR, false],
    ["9111 5.2.2.10", "s-maxage wins", `${SIE}, s-maxage=60`, 61, CLEAR, false],
    ["9111 5.2.2.4", "no-cache wins", `${SIE}, no-cache`, 61, CLEAR, false],
    ["5861 4", "after a soft purge the window counts from it", SIE, 69.9, soft(10), true],
    ["5861 4", "and ends by it", SIE, 70, soft(10), false],
    ["5861 4", "never after a second soft purge", SIE, 61, { state: "validate" }, false],
    ["5861 4", "never while nothing is known of purges", SIE, 61, { state: "unknown" }, false],
  ])(TITLE, (_section, _what, says, after, purge, serves) => {
    const stored = storedFrom(typeof says === "string" ? { [CC]: says, ETag: '"a"' } : says);
    const receivedAtMs = NOW + after * 1000;
    const asked = { stored, purge };
    const verdicts = [500, 502, 503, 504].map((status) => settled({}, { status, receivedAtMs }, asked).verdict);
    expect(new Set(verdicts)).toEqual(new Set([serves ? "serve-stale" : "pass-through"]));
    expect(settleFailure("origin-timeout", askedOf(asked), receivedAtMs).verdict).toBe(serves ? "serve-stale" : "fail");
  });

  it("RFC 5861 4: an error that is fresh itself gives way to what is stale within its window", () => {
    const asked = { stored: storedFrom({ [CC]: SIE }), request: requestOf() };
    const error = { [CC]: "max-age=600" };
    expect(settled(error, { status: 503, receivedAtMs: NOW + 61_000 }, asked).verdict).toBe("serve-stale");
    expect(settled(error, { status: 503, receivedAtMs: NOW + 121_000 }, asked).verdict).toBe("store");
  });
});
