// Owns the law of sharing: private, cookies and credentials keep answers out of a shared cache, with exceptions.
import { describe, expect, it } from "vitest";
import { fateOf, type Line } from "../fate.ts";
import { at } from "../support.ts";

const CC = "Cache-Control";
const AUTHORIZATION = { Authorization: "Bearer x" };

describe("private and a cookie that is set", () => {
  const cookie = { "Set-Cookie": "id=1; Expires=Thu, 15 Jan 2026 12:15:00 GMT" };

  it.for<Line>([
    ["9111 5.2.2.7", "its own exception", { [CC]: 'private="Set-Cookie", max-age=60', ...cookie }, "fresh"],
    ["9111 5.2.2.7", "the exception without a cookie", 'private="Set-Cookie", max-age=60', "fresh"],
    ["9111 5.2.2.7", "the exception, escaped", { [CC]: 'private="set\\-cookie", max-age=60', ...cookie }, "fresh"],
    [
      "9111 5.2.2.7",
      "the exception gives no lifetime",
      { [CC]: 'private="set-cookie"', ...cookie },
      "out: no-lifetime",
    ],
    [
      "9111 5.2.2.7",
      "the exception is withdrawn in another line",
      [
        [CC, 'private="set-cookie", max-age=60'],
        [CC, "private"],
      ],
      "out: private",
    ],
    [
      "9111 5.2.2.7",
      "the exception is widened in another line",
      [
        [CC, 'private="set-cookie", max-age=60'],
        [CC, 'private="etag"'],
      ],
      "out: private",
    ],
    [
      "9111 5.2.2.7",
      "the exception in a broken field",
      { [CC]: 'private="set-cookie"; max-age=60', ...cookie },
      "out: private",
    ],
    [
      "9111 5.2.2.7",
      "an exception in single quotes",
      { [CC]: "private='set-cookie', max-age=60", ...cookie },
      "out: private",
    ],
    ["9111 5.2.2.7", "an exception for nothing", 'private=" ", max-age=60', "out: private"],
    ["9111 5.2.2.7", "an exception that is a list", 'private="set-cookie,", max-age=60', "out: private"],
    ["9111 5.2.2.7", "conflicting with public", "private, public, s-maxage=60", "out: private"],
    ["9111 5.2.2.7", "inside a string it says nothing", 'max-age=60, x="private"', "fresh"],
    ["9111 5.2.2.4", "no-cache qualified counts as unqualified", 'max-age=60, no-cache="x-user"', "ask: no-cache"],
    [
      "9111 5.2.2.4",
      "no-cache for Set-Cookie does not let it in",
      { [CC]: 'max-age=60, no-cache="set-cookie"', ...cookie },
      "out: set-cookie",
    ],
    ["9111 3", "a cookie beside s-maxage", { [CC]: "public, s-maxage=60", ...cookie }, "out: set-cookie"],
    [
      "9111 3",
      "a cookie named in another case",
      [
        [CC, "max-age=60"],
        ["SET-COOKIE", "a=1"],
      ],
      "out: set-cookie",
    ],
    [
      "2965 3.2",
      "Set-Cookie2, which some client still reads",
      { [CC]: "max-age=60", "Set-Cookie2": "a=1; Version=1" },
      "out: personal-field",
    ],
  ])("RFC %s: %s", ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("an authenticated answer and who else gets it", () => {
  it.for<Line>([
    ["9111 3.5", "public is for all", "public, max-age=60", "fresh", { first: AUTHORIZATION }],
    [
      "9111 3.5",
      "also for another user",
      "public, max-age=60",
      "fresh",
      { first: AUTHORIZATION, second: { Authorization: "Bearer y" } },
    ],
    [
      "9111 3.5",
      "must-revalidate is for all while fresh",
      "must-revalidate, max-age=60",
      "fresh",
      { first: AUTHORIZATION, after: 59 },
    ],
    [
      "9111 3.5",
      "must-revalidate is asked again when stale",
      "must-revalidate, max-age=60",
      "ask: stale",
      { first: AUTHORIZATION, after: 60 },
    ],
    [
      "9111 3.5",
      "s-maxage=0 is asked again each time",
      { [CC]: "s-maxage=0", ETag: '"a"' },
      "ask: stale",
      { first: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "a malformed s-maxage is s-maxage all the same, and stale",
      { [CC]: "s-maxage=x", ETag: '"a"' },
      "ask: stale",
      { first: AUTHORIZATION },
    ],
    ["9111 3.5", "PUBLIC in capitals", "PUBLIC, max-age=60", "fresh", { first: AUTHORIZATION }],
    [
      "9111 3.5",
      "public inside a string",
      'x="public", max-age=60',
      "out: authorization-response",
      { first: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "public in a field that does not govern",
      { [CC]: "public, max-age=60", "CDN-Cache-Control": "max-age=60" },
      "out: authorization-response",
      { first: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "public in the field that governs",
      { [CC]: "max-age=60", "CDN-Cache-Control": "public, max-age=60" },
      "fresh",
      { first: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "an Expires alone",
      { Expires: at(60), Date: at(0) },
      "out: authorization-response",
      { first: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "an anonymous answer is not for a user",
      "max-age=60",
      "ask: authorization",
      { second: AUTHORIZATION },
    ],
    [
      "9111 3.5",
      "nor the stale one",
      "max-age=0, stale-while-revalidate=60",
      "ask: authorization",
      { second: AUTHORIZATION },
    ],
    ["9111 3.5", "an anonymous answer marked public is", "public, max-age=60", "fresh", { second: AUTHORIZATION }],
    [
      "9111 3.5",
      "a user who wants only the cache",
      "max-age=60",
      "504",
      { second: { ...AUTHORIZATION, [CC]: "only-if-cached" } },
    ],
    [
      "9110 7.6.1",
      "credentials that the client keeps to its connection",
      "max-age=60",
      "fresh",
      { second: { ...AUTHORIZATION, Connection: "authorization" } },
    ],
  ])("RFC %s: %s", ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});
