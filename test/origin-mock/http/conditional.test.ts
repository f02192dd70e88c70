// Proves preconditions, row by row (RFC 9110 section 13).
import { expect, test } from "vitest";
import { judge } from "../../../origin-mock/http/conditional.ts";
import type { Validators, Verdict } from "../../../origin-mock/http/conditional.ts";

const NOW_MS = Date.UTC(2026, 0, 6);
const AT = "Mon, 05 Jan 2026 06:00:00 GMT";
const BEFORE = "Mon, 05 Jan 2026 05:59:59 GMT";
const CURRENT = { etag: '"7-1"', lastModified: AT };
const FIELDS = {
  ifMatch: "if-match",
  ifNoneMatch: "if-none-match",
  ifModifiedSince: "if-modified-since",
  ifUnmodifiedSince: "if-unmodified-since",
};
type Conditions = Readonly<Partial<Record<keyof typeof FIELDS, string>>>;
const judged = (method: string, conditions: Conditions, current: Validators): Verdict => {
  const byName = new Map(
    Object.entries(FIELDS).map(([key, name]) => [name, new Map(Object.entries(conditions)).get(key)]),
  );
  return judge(method, (name) => byName.get(name), current, NOW_MS);
};

const ROWS: readonly [name: string, method: string, Conditions, Verdict][] = [
  ["no conditions", "GET", {}, "proceed"],
  ["the same tag", "GET", { ifNoneMatch: '"7-1"' }, "not-modified"],
  ["HEAD too", "HEAD", { ifNoneMatch: '"7-1"' }, "not-modified"],
  ["another tag", "GET", { ifNoneMatch: '"7-2"' }, "proceed"],
  ["weak comparison", "GET", { ifNoneMatch: 'W/"7-1"' }, "not-modified"],
  ["a list", "GET", { ifNoneMatch: '"a", W/"b" ,"7-1"' }, "not-modified"],
  ["empty members", "GET", { ifNoneMatch: ', ,"7-1",' }, "not-modified"],
  ["a comma inside a tag", "GET", { ifNoneMatch: '"a,7-1"' }, "proceed"],
  ["any", "GET", { ifNoneMatch: " * " }, "not-modified"],
  ["not a tag", "GET", { ifNoneMatch: "7-1" }, "proceed"],
  ["a broken list", "GET", { ifNoneMatch: '"7-1" "7-1"' }, "proceed"],
  ["empty", "GET", { ifNoneMatch: "" }, "proceed"],
  ["If-None-Match silences If-Modified-Since", "GET", { ifNoneMatch: '"x"', ifModifiedSince: AT }, "proceed"],
  ["not modified since, to the second", "GET", { ifModifiedSince: AT }, "not-modified"],
  ["modified since", "GET", { ifModifiedSince: BEFORE }, "proceed"],
  ["not a date", "GET", { ifModifiedSince: "yesterday" }, "proceed"],
  ["ISO is not an HTTP date", "GET", { ifModifiedSince: "2026-12-01T00:00:00Z" }, "proceed"],
  ["dates do not condition a PUT by If-Modified-Since", "PUT", { ifModifiedSince: AT }, "proceed"],
  ["If-Match, the same", "PUT", { ifMatch: '"7-1"' }, "proceed"],
  ["If-Match, a list", "PUT", { ifMatch: '"x", "7-1"' }, "proceed"],
  ["If-Match, any", "PUT", { ifMatch: "*" }, "proceed"],
  ["If-Match, another", "PUT", { ifMatch: '"7-0"' }, "precondition-failed"],
  ["If-Match compares strongly", "PUT", { ifMatch: 'W/"7-1"' }, "precondition-failed"],
  ["If-Match, not a tag", "PUT", { ifMatch: "7-1" }, "precondition-failed"],
  ["If-Match silences If-Unmodified-Since", "PUT", { ifMatch: "*", ifUnmodifiedSince: BEFORE }, "proceed"],
  ["If-Match comes before If-None-Match", "GET", { ifMatch: '"x"', ifNoneMatch: '"7-1"' }, "precondition-failed"],
  ["unmodified since", "PUT", { ifUnmodifiedSince: AT }, "proceed"],
  ["no longer unmodified since", "PUT", { ifUnmodifiedSince: BEFORE }, "precondition-failed"],
  ["no longer, in an old form", "PUT", { ifUnmodifiedSince: "Monday, 05-Jan-26 05:59:59 GMT" }, "precondition-failed"],
  ["no longer, in another", "PUT", { ifUnmodifiedSince: "Mon Jan  5 05:59:59 2026" }, "precondition-failed"],
  ["a PUT only if there is nothing", "PUT", { ifNoneMatch: "*" }, "precondition-failed"],
];

test.each(ROWS)("%s", (_, method, conditions, verdict) => {
  expect(judged(method, conditions, CURRENT)).toBe(verdict);
});

test("without Last-Modified the dates say nothing", () => {
  expect(judged("GET", { ifModifiedSince: AT }, { etag: '"x"' })).toBe("proceed");
  expect(judged("PUT", { ifUnmodifiedSince: BEFORE }, { etag: '"x"' })).toBe("proceed");
});
