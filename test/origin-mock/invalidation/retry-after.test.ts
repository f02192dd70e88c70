// Proves the reading of Retry-After (RFC 9110 10.2.3).
import { expect, test } from "vitest";
import { retryAfterMs } from "../../../origin-mock/invalidation/cdn.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

test.each([
  ["seconds", { "Retry-After": "2" }, 2_000],
  ["none at all", { "Retry-After": "0" }, 0],
  ["at most five minutes", { "Retry-After": "86400" }, 300_000],
  ["a number beyond all numbers", { "Retry-After": "9".repeat(400) }, 300_000],
  ["a date, by the answer's own clock", { "Retry-After": "Sun, 06 Nov 1994 08:49:40 GMT", Date: DATE }, 3_000],
  ["a date that is over", { "Retry-After": "Sun, 06 Nov 1994 08:49:30 GMT", Date: DATE }, 0],
  ["a date and no clock to read it by", { "Retry-After": DATE }, undefined],
  ["absent", {}, undefined],
  ["negative", { "Retry-After": "-1" }, undefined],
  ["a fraction", { "Retry-After": "1.5" }, undefined],
  ["words", { "Retry-After": "soon", Date: DATE }, undefined],
])("%s", (_, headers, expected) => {
  expect(retryAfterMs(new Headers(headers))).toBe(expected);
});
