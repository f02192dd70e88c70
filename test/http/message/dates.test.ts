// Owns the proof that the three HTTP-date forms are read, and nothing else is taken for a date.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../../src/http/message/dates.ts";
import { NOW } from "../support.ts";

const NOVEMBER_6 = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("the three forms", () => {
  it.each([
    ["RFC 9110 5.6.7: IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_6],
    ["RFC 9110 5.6.7: RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER_6],
    ["RFC 9110 5.6.7: asctime", "Sun Nov  6 08:49:37 1994", NOVEMBER_6],
    ["RFC 9110 5.6.7: asctime, two-digit day", "Wed Nov 16 08:49:37 1994", NOVEMBER_6 + 10 * 86_400_000],
    ["RFC 9111 4.2: names in capitals", "SUN, 06 NOV 1994 08:49:37 GMT", NOVEMBER_6],
    ["RFC 9111 4.2: names and zone in small letters", "sun, 06 nov 1994 08:49:37 gmt", NOVEMBER_6],
    ["RFC 9111 4.2: RFC 850 in any case", "sUNDAY, 06-nOV-94 08:49:37 gMt", NOVEMBER_6],
    ["RFC 9111 4.2: asctime in any case", "SUN NOV  6 08:49:37 1994", NOVEMBER_6],
    ["RFC 9110 5.6.7: a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
    ["RFC 9110 5.6.7: 29 February of a leap year", "Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
    ["RFC 9110 5.6.7: the last moment of a day", "Sun, 06 Nov 1994 23:59:59 GMT", Date.UTC(1994, 10, 6, 23, 59, 59)],
  ])("%s", (_, text, ms) => {
    expect(parseHttpDate(text, NOW)).toBe(ms);
  });

  it.each([
    ["this year", "26", 2026],
    ["49 years ahead", "75", 2075],
    ["50 years and ten months ahead", "76", 1976],
    ["51 years ahead is the past century", "77", 1977],
    ["99", "99", 1999],
    ["00", "00", 2000],
  ])("RFC 9110 5.6.7: two-digit year, %s", (_, digits, year) => {
    expect(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, NOW)).toBe(Date.UTC(year, 10, 6, 8, 49, 37));
  });
});

describe("texts that are no date", () => {
  it.each([
    ["a number", "0"],
    ["nothing", ""],
    ["UTC zone", "Sun, 06 Nov 1994 08:49:37 UTC"],
    ["AEST zone", "Sun, 06 Nov 1994 08:49:37 AEST"],
    ["numeric zone", "Sun, 06 Nov 1994 08:49:37 +0000"],
    ["no zone", "Sun, 06 Nov 1994 08:49:37"],
    ["no comma", "Sun 06 Nov 1994 08:49:37 GMT"],
    ["dashes in IMF-fixdate", "Sun, 06-Nov-1994 08:49:37 GMT"],
    ["periods in the time", "Sun, 06 Nov 1994 08.49.37 GMT"],
    ["one-digit hour", "Sun, 06 Nov 1994 8:49:37 GMT"],
    ["one-digit day", "Sun, 6 Nov 1994 08:49:37 GMT"],
    ["one-digit minute", "Sun, 06 Nov 1994 08:9:37 GMT"],
    ["no seconds", "Sun, 06 Nov 1994 08:49 GMT"],
    ["double space before the year", "Sun, 06 Nov  1994 08:49:37 GMT"],
    ["double space after the comma", "Sun,  06 Nov 1994 08:49:37 GMT"],
    ["double space before the time", "Sun, 06 Nov 1994  08:49:37 GMT"],
    ["no space after the comma", "Sun,06 Nov 1994 08:49:37 GMT"],
    ["two lines", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"],
    ["two-digit year in IMF-fixdate", "Sun, 06 Nov 94 08:49:37 GMT"],
    ["four-digit year in RFC 850", "Sunday, 06-Nov-1994 08:49:37 GMT"],
    ["short day name in RFC 850", "Sun, 06-Nov-94 08:49:37 GMT"],
    ["long day name in IMF-fixdate", "Sunday, 06 Nov 1994 08:49:37 GMT"],
    ["asctime, day of one digit without its space", "Sun Nov 6 08:49:37 1994"],
    ["asctime with a zone", "Sun Nov  6 08:49:37 1994 GMT"],
    ["an unknown month", "Sun, 06 Foo 1994 08:49:37 GMT"],
    ["an unknown day", "Foo, 06 Nov 1994 08:49:37 GMT"],
    ["31 February", "Thu, 31 Feb 2022 08:49:37 GMT"],
    ["29 February outside leap years", "Wed, 29 Feb 2023 08:49:37 GMT"],
    ["day 00", "Sun, 00 Nov 1994 08:49:37 GMT"],
    ["hour 24", "Sun, 06 Nov 1994 24:00:00 GMT"],
    ["minute 60", "Sun, 06 Nov 1994 08:60:00 GMT"],
    ["second 61", "Sun, 06 Nov 1994 08:49:61 GMT"],
    ["junk in front", "xSun, 06 Nov 1994 08:49:37 GMT"],
    ["junk behind", "Sun, 06 Nov 1994 08:49:37 GMTx"],
    ["a line feed behind", "Sun, 06 Nov 1994 08:49:37 GMT\n"],
    ["ISO 8601", "1994-11-06T08:49:37Z"],
    ["quotes", '"Sun, 06 Nov 1994 08:49:37 GMT"'],
  ])("RFC 9110 5.6.7: %s", (_, text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });

  it("never throws and never yields NaN", () => {
    const near = fc.constantFrom("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT");
    const mangled = fc.tuple(near, fc.nat(30), fc.string()).map(([text, cut, junk]) => text.slice(0, cut) + junk);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), mangled), (text) => {
        expect(parseHttpDate(text, NOW)).not.toBeNaN();
      }),
    );
  });
});

it("RFC 9110 5.6.7: what is written is read back, to the second", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (ms) => {
      expect(parseHttpDate(formatHttpDate(ms), NOW)).toBe(ms - (ms % 1000));
    }),
  );
});
