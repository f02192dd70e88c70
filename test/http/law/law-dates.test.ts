// Owns the law of dates: which text is a date, in which century and zone, and what follows where it is none (RFC 9110 5.6.7).
import { afterEach, describe, expect, it, vi } from "vitest";
import { notModified } from "../../../src/http/message/conditional.ts";
import { parseHttpDate } from "../../../src/http/message/dates.ts";
import { lifetimeOf } from "../../../src/http/law/freshness.ts";
import { originValidators } from "../../../src/http/law/stored.ts";
import { fateOf } from "../fate.ts";
import { at, type Fields, NOW, POLICY, readerOfHeaders, requestOf, responseOf, storedFrom } from "../support.ts";

const CC = "Cache-Control";

/** The moment 15 minutes after NOW, in forms that are an HTTP-date and in forms that are none. */
const SOUND: readonly (readonly [form: string, text: string])[] = [
  ["IMF-fixdate", "Thu, 15 Jan 2026 12:15:00 GMT"],
  ["RFC 850", "Thursday, 15-Jan-26 12:15:00 GMT"],
  ["asctime", "Thu Jan 15 12:15:00 2026"],
  ["names in small letters", "thu, 15 jan 2026 12:15:00 GMT"],
  ["names in capitals", "THU, 15 JAN 2026 12:15:00 GMT"],
  ["gmt in small letters", "Thu, 15 Jan 2026 12:15:00 gmt"],
  ["the wrong day of the week", "Mon, 15 Jan 2026 12:15:00 GMT"],
];
const BROKEN: readonly (readonly [form: string, text: string])[] = [
  ["zone UTC", "Thu, 15 Jan 2026 12:15:00 UTC"],
  ["zone AEST", "Thu, 15 Jan 2026 12:15:00 AEST"],
  ["zone BST", "Thu, 15 Jan 2026 12:15:00 BST"],
  ["zone Z", "Thu, 15 Jan 2026 12:15:00 Z"],
  ["zone +0000", "Thu, 15 Jan 2026 12:15:00 +0000"],
  ["a zone after asctime", "Thu Jan 15 12:15:00 2026 GMT"],
  ["no zone", "Thu, 15 Jan 2026 12:15:00"],
  ["no comma", "Thu 15 Jan 2026 12:15:00 GMT"],
  ["no day of the week", "15 Jan 2026 12:15:00 GMT"],
  ["dashes", "Thu, 15-Jan-2026 12:15:00 GMT"],
  ["periods", "Thu, 15 Jan 2026 12.15.00 GMT"],
  ["one-digit hour", "Thu, 15 Jan 2026 2:15:00 GMT"],
  ["one-digit day", "Sat, 7 Feb 2026 12:15:00 GMT"],
  ["no seconds", "Thu, 15 Jan 2026 12:15 GMT"],
  ["double spaces", "Thu,  15  Jan  2026  12:15:00  GMT"],
  ["one double space", "Thu, 15 Jan 2026  12:15:00 GMT"],
  ["two lines of it", "Thu, 15 Jan 2026 12:15:00 GMT, Thu, 15 Jan 2026 12:15:00 GMT"],
  ["two-digit year", "Thu, 15 Jan 26 12:15:00 GMT"],
  ["two-digit year in asctime", "Thu Jan 15 12:15:00 26"],
  ["five-digit year", "Thu, 15 Jan 12026 12:15:00 GMT"],
  ["a month in full", "Thu, 15 January 2026 12:15:00 GMT"],
  ["a day that no month has", "Thu, 32 Jan 2026 12:15:00 GMT"],
  ["hour 24", "Thu, 15 Jan 2026 24:15:00 GMT"],
  ["a fraction of a second", "Thu, 15 Jan 2026 12:15:00.5 GMT"],
  ["quotes", '"Thu, 15 Jan 2026 12:15:00 GMT"'],
  ["a white space that is none of HTTP's", "Thu,\u00a015 Jan 2026 12:15:00 GMT"],
  ["ISO 8601", "2026-01-15T12:15:00Z"],
  ["a number of seconds", "1768479300"],
  ["0", "0"],
  ["-1", "-1"],
];

describe("Expires", () => {
  it.each(SOUND)("RFC 9110 5.6.7: %s is a date", (_form, expires) => {
    expect(fateOf({ Expires: expires, Date: at(0) }, { after: 899 })).toBe("fresh");
    expect(fateOf({ Expires: expires, Date: at(0), ETag: '"a"' }, { after: 900 })).toBe("ask: stale");
  });

  it.each(BROKEN)("RFC 9111 5.3: %s is already past", (_form, expires) => {
    expect(fateOf({ Expires: expires, Date: at(0) })).toBe("out: expired");
    // not unknown: nothing may be guessed in its place
    expect(fateOf({ Expires: expires, Date: at(0), "Last-Modified": at(-100_000) })).toBe("ask: stale");
  });

  it.each(BROKEN)("RFC 9110 8.8.2: %s is no Last-Modified", (_form, modified) => {
    expect(originValidators(responseOf({ "last-modified": modified })).lastModified).toBeUndefined();
    expect(fateOf({ "Last-Modified": modified, Date: at(100_000) })).toBe("out: no-lifetime");
  });

  it.each(BROKEN)("RFC 9110 6.6.1: %s is no Date: the time of receipt counts", (_form, date) => {
    expect(storedFrom({ [CC]: "max-age=60", Date: date }).initialAgeSeconds).toBe(0);
    expect(storedFrom({ Expires: at(60), Date: date }).lifetimeSeconds).toBe(60);
  });

  it.each(BROKEN)("RFC 9110 13.1.3: %s is no If-Modified-Since", (_form, since) => {
    const stored = { lastModified: at(-100_000) };
    expect(notModified(readerOfHeaders({ "If-Modified-Since": since }), stored, NOW)).toBe(false);
  });
});

describe("two-digit years of RFC 850", () => {
  it.each<[string, string, number]>([
    ["a moment from now", "Thursday, 15-Jan-26 12:00:01 GMT", Date.UTC(2026, 0, 15, 12, 0, 1)],
    ["50 years from now", "Wednesday, 15-Jan-76 12:00:00 GMT", Date.UTC(2076, 0, 15, 12)],
    ["50 years and ten months from now is past", "Saturday, 06-Nov-76 08:49:37 GMT", Date.UTC(1976, 10, 6, 8, 49, 37)],
    ["51 years from now is past", "Friday, 15-Jan-77 12:00:00 GMT", Date.UTC(1977, 0, 15, 12)],
    ["a leap day that one century lacks", "Tuesday, 29-Feb-00 00:00:00 GMT", Date.UTC(2000, 1, 29)],
  ])("RFC 9110 5.6.7: %s", (_what, text, ms) => {
    expect(parseHttpDate(text, NOW)).toBe(ms);
  });

  it("RFC 9110 8.8.2: 29 February 2000 is a Last-Modified", () => {
    const text = "Tuesday, 29-Feb-00 00:00:00 GMT";
    expect(originValidators(responseOf({ "last-modified": text })).lastModified).toBe(text);
  });

  it.each<[string, string]>([
    ["Expires=99 was in 1999", "Friday, 15-Jan-99 12:15:00 GMT"],
    ["Expires=70 is in 2070", "Wednesday, 15-Jan-70 12:15:00 GMT"],
  ])("RFC 9110 5.6.7: %s", (_what, expires) => {
    const { seconds } = lifetimeOf(requestOf(), responseOf({ Expires: expires, Date: at(0) }), POLICY);
    expect(seconds).toBe(expires.includes("-99") ? 0 : (Date.UTC(2070, 0, 15, 12, 15) - NOW) / 1000);
  });
});

// dates are GMT: the hour that a zone skips or repeats is an hour like any other
describe("daylight saving", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const NIGHTS: readonly (readonly [string, string])[] = [
    ["America/New_York", "Sun, 08 Mar 2026 02:30:00 GMT"],
    ["America/New_York", "Sun, 08 Mar 2026 07:30:00 GMT"],
    ["America/New_York", "Sun, 01 Nov 2026 01:30:00 GMT"],
    ["Europe/Berlin", "Sun, 29 Mar 2026 01:30:00 GMT"],
    ["Europe/Berlin", "Sun, 25 Oct 2026 00:30:00 GMT"],
    ["Australia/Lord_Howe", "Sat, 04 Apr 2026 15:15:00 GMT"],
    ["Pacific/Apia", "Fri, 30 Dec 2011 10:30:00 GMT"],
  ];

  it.each(NIGHTS)("RFC 9110 5.6.7: in %s, %s and an hour later are an hour apart", (zone, text) => {
    vi.stubEnv("TZ", zone);
    const start = Date.parse(text);
    expect(new Date(start).getTimezoneOffset()).not.toBe(0);
    const later = new Date(start + 3_600_000).toUTCString();
    expect(parseHttpDate(text, NOW)).toBe(start);
    const says: Fields = { Expires: later, Date: text };
    expect(lifetimeOf(requestOf(), responseOf(says, { receivedAtMs: start }), POLICY).seconds).toBe(3600);
  });

  it.each(NIGHTS)("RFC 9110 5.6.7: in %s, asctime is GMT too: %s", (zone, text) => {
    vi.stubEnv("TZ", zone);
    const [day, date = "", month, year, time] = text.replace(",", "").split(" ");
    const asctime = [day, month, date.replace(/^0/, " "), time, year].join(" ");
    expect(parseHttpDate(asctime, NOW)).toBe(Date.parse(text));
  });
});
