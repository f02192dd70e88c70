// Proves the reading of HTTP dates (RFC 9110 5.6.7), form by form.
import fc from "fast-check";
import { expect, test } from "vitest";
import { dateMs } from "../../../origin-mock/http/date.ts";

const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

test.each([
  ["the preferred form", "Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE_MS],
  ["RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE_MS],
  ["asctime", "Sun Nov  6 08:49:37 1994", EXAMPLE_MS],
  ["asctime, two digits", "Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
  ["two digits of this century", "Monday, 05-Jan-26 06:00:00 GMT", Date.UTC(2026, 0, 5, 6)],
  ["a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
  ["a leap day", "Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
  ["a day that is not", "Wed, 29 Feb 2023 00:00:00 GMT", undefined],
  ["an hour that is not", "Sun, 06 Nov 1994 24:00:00 GMT", undefined],
  ["another zone", "Sun, 06 Nov 1994 08:49:37 CET", undefined],
  ["ISO 8601", "1994-11-06T08:49:37Z", undefined],
  ["one digit too few", "Sun, 6 Nov 1994 08:49:37 GMT", undefined],
  ["something behind it", "Sun, 06 Nov 1994 08:49:37 GMT x", undefined],
  ["nothing", "", undefined],
])("%s", (_, field, ms) => {
  expect(dateMs(field)).toBe(ms);
});

test("what is written is read back", () => {
  const when = fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(when, (date) => {
      expect(dateMs(date.toUTCString())).toBe(Math.floor(date.getTime() / 1_000) * 1_000);
    }),
  );
});
