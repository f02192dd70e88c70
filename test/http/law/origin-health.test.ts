// Owns the table of what an answer says of its origin's health.
import { describe, expect, it } from "vitest";
import { type Health, healthOf } from "../../../src/http/law/origin-health.ts";
import { isPrefetch } from "../../../src/http/message/prefetch.ts";
import { responseFacts } from "../../../src/http/message/facts.ts";

const BROKEN = [502, 504, 521, 522, 523, 524];
const SILENT = [403, 429, 503];

function health(status: number, headers: Record<string, string> = {}): Health {
  return healthOf(responseFacts(status, Object.entries(headers), 0, 0));
}

it("every status is an answer but those of a gateway that got none, and those that turn a client away", () => {
  for (let status = 200; status <= 599; status++) {
    const expected = BROKEN.includes(status) ? "broken" : SILENT.includes(status) ? "silent" : "answered";
    expect([status, health(status)]).toEqual([status, expected]);
  }
});

describe("an error that the origin itself calls cacheable is an answer", () => {
  it.each<[Record<string, string>, Health]>([
    [{ "cache-control": "max-age=60" }, "answered"],
    [{ "cache-control": "s-maxage=1" }, "answered"],
    [{ "cdn-cache-control": "max-age=60" }, "answered"],
    [{ "cache-control": "max-age=0" }, "broken"],
    [{ "cache-control": "no-store" }, "broken"],
    [{ expires: "0" }, "broken"],
  ])("%j", (headers, expected) => {
    expect(BROKEN.map((status) => health(status, headers))).toEqual(BROKEN.map(() => expected));
    expect(health(503, headers)).toBe("silent");
  });
});

describe("a request that nobody has made yet", () => {
  it.each<[string, string, boolean]>([
    ["sec-purpose", "prefetch", true],
    ["sec-purpose", "prefetch;anonymous-client-ip", true],
    ["sec-purpose", "prefetch;prerender", true],
    ["sec-purpose", "Prefetch", true],
    ["purpose", "prefetch", true],
    ["purpose", "preview", true],
    ["x-purpose", "preview", true],
    ["x-moz", "prefetch", true],
    ["sec-purpose", "", false],
    ["sec-purpose", "prefetched", false],
    ["x-moz", "1", false],
    ["referer", "prefetch", false],
  ])("%s: %j is one: %s", (name, value, expected) => {
    expect(isPrefetch((asked) => (asked === name ? value : undefined))).toBe(expected);
  });
});
