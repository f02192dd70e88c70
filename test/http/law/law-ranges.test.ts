// Owns the law of ranges: which bytes a Range names, when If-Range lets it count, and what a Content-Range says (RFC 9110 13.1.5, 14).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rangeApplies } from "../../../src/http/message/conditional.ts";
import { contentRange, parseContentRange, requestedRange, resolvedRange } from "../../../src/http/message/range.ts";
import { at, NOW, readerOfHeaders } from "../support.ts";

/** "first-last" of the bytes a Range names in a body of 10 bytes; `whole` where it is ignored; `416` where there are none. */
function bytes(range: string, total = 10): string {
  const asked = requestedRange("GET", readerOfHeaders({ Range: range }));
  if (!asked) return "whole";
  const resolved = resolvedRange(asked, total);
  return resolved ? `${String(resolved.first)}-${String(resolved.last)}` : "416";
}

describe("a Range of ten bytes", () => {
  it.each<[string, string, string, string]>([
    ["14.1.2", "closed", "bytes=2-5", "2-5"],
    ["14.1.2", "the first byte", "bytes=0-0", "0-0"],
    ["14.1.2", "the last byte", "bytes=9-9", "9-9"],
    ["14.1.2", "all of it", "bytes=0-9", "0-9"],
    ["14.1.2", "open", "bytes=4-", "4-9"],
    ["14.1.2", "open from the start", "bytes=0-", "0-9"],
    ["14.1.2", "open at the last byte", "bytes=9-", "9-9"],
    ["14.1.2", "suffix", "bytes=-3", "7-9"],
    ["14.1.2", "suffix of one", "bytes=-1", "9-9"],
    ["14.1.2", "suffix of all", "bytes=-10", "0-9"],
    ["14.1.2", "suffix of more", "bytes=-9999", "0-9"],
    ["14.1.2", "suffix of nothing", "bytes=-0", "416"],
    ["14.1.2", "over-long", "bytes=5-9999", "5-9"],
    ["14.1.2", "one too long", "bytes=0-10", "0-9"],
    ["14.1.2", "one past the end", "bytes=10-10", "416"],
    ["14.1.2", "open past the end", "bytes=10-", "416"],
    ["14.1.2", "far past the end", "bytes=100-200", "416"],
    ["14.1.2", "beyond every number", `bytes=${"9".repeat(40)}-`, "416"],
    ["14.1.2", "to beyond every number", `bytes=3-${"9".repeat(40)}`, "3-9"],
    ["14.1.2", "leading zeros", "bytes=0002-0005", "2-5"],
    ["14.1", "the unit in capitals", "BYTES=2-5", "2-5"],
    ["5.6.1", "white space around", "bytes= 2-5 ", "2-5"],
    ["5.6.1.2", "empty members", "bytes=,2-5,", "2-5"],
    ["14.1.1", "backwards", "bytes=5-2", "whole"],
    ["14.1.1", "without numbers", "bytes=-", "whole"],
    ["14.1.1", "without a dash", "bytes=5", "whole"],
    ["14.1.1", "empty", "bytes=", "whole"],
    ["14.1.1", "a sign", "bytes=+2-5", "whole"],
    ["14.1.1", "a negative end", "bytes=2--5", "whole"],
    ["14.1.1", "three numbers", "bytes=1-2-3", "whole"],
    ["14.1.1", "a fraction", "bytes=1.0-2", "whole"],
    ["14.1.1", "letters", "bytes=a-b", "whole"],
    ["14.1.1", "white space inside", "bytes=2 - 5", "whole"],
    ["14.1.1", "a space before =", "bytes =2-5", "whole"],
    ["14.1.1", "a colon for =", "bytes:2-5", "whole"],
    ["14.1.1", "no unit", "2-5", "whole"],
    ["14.2", "another unit", "items=2-5", "whole"],
    ["14.2", "two ranges", "bytes=0-1,4-5", "whole"],
    ["14.2", "two of the same", "bytes=0-1, 0-1", "whole"],
    ["14.2", "one good and one broken", "bytes=0-1, x", "whole"],
    ["14.2", "two lines joined", "bytes=0-1, bytes=4-5", "whole"],
  ])("RFC 9110 %s: %s", (_section, _what, range, part) => {
    expect(bytes(range)).toBe(part);
  });

  it.each(["HEAD", "POST", "PUT"])("RFC 9110 14.2: means nothing for %s", (method) => {
    expect(requestedRange(method, readerOfHeaders({ Range: "bytes=0-1" }))).toBeUndefined();
  });

  it.each(["bytes=0-0", "bytes=0-", "bytes=5-9"])("RFC 9110 14.1.2: of nothing there is no %s", (range) => {
    expect(bytes(range, 0)).toBe("416");
  });

  it("never throws, and names only bytes that are there", () => {
    const text = fc.array(fc.constantFrom("bytes", "=", "-", ",", "0", "1", "9", " ", "99999999999999999999"));
    fc.assert(
      fc.property(
        text.map((parts) => parts.join("")),
        fc.nat(20),
        (range, total) => {
          const asked = requestedRange("GET", readerOfHeaders({ Range: range }));
          const resolved = asked && resolvedRange(asked, total);
          if (!resolved) return;
          expect(resolved.first).toBeGreaterThanOrEqual(0);
          expect(resolved.first).toBeLessThanOrEqual(resolved.last);
          expect(resolved.last).toBeLessThan(total);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("If-Range", () => {
  const LAST = at(-5000);
  const both = { etag: '"a"', lastModified: LAST, dateMs: NOW };

  it.each<[string, string, string | undefined, typeof both | object, boolean]>([
    ["13.1.5", "none", undefined, both, true],
    ["8.8.3.2", "the strong tag", '"a"', both, true],
    ["8.8.3.2", "another tag", '"b"', both, false],
    ["8.8.3.2", "the tag, weak", 'W/"a"', both, false],
    ["8.8.3.2", "weak for weak", 'W/"a"', { ...both, etag: 'W/"a"' }, false],
    ["8.8.3.2", "strong for weak", '"a"', { ...both, etag: 'W/"a"' }, false],
    ["8.8.3", "in other case", '"A"', both, false],
    ["13.1.5", "a tag where there is none", '"a"', { lastModified: LAST, dateMs: NOW }, false],
    ["13.1.5", "a list of tags", '"a", "b"', both, false],
    ["13.1.5", "a star", "*", both, false],
    ["13.1.5", "a tag without quotes", "a", both, false],
    ["13.1.5", "the date", LAST, both, true],
    [
      "13.1.5",
      "the date in another form",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      { ...both, lastModified: "Sun, 06 Nov 1994 08:49:37 GMT" },
      true,
    ],
    ["13.1.5", "an earlier date", at(-5001), both, false],
    ["13.1.5", "a later date", at(-4999), both, false],
    ["13.1.5", "now", at(0), both, false],
    ["13.1.5", "a date where there is none", LAST, { etag: '"a"', dateMs: NOW }, false],
    ["13.1.5", "text for a date", "yesterday", { ...both, lastModified: "yesterday" }, false],
    ["13.1.5", "a date in a wrong zone", LAST.replace("GMT", "UTC"), both, false],
    ["8.8.2.2", "a date of the same second as Date", LAST, { ...both, dateMs: NOW - 5_000_000 }, false],
    ["8.8.2.2", "a date of a second before", LAST, { ...both, dateMs: NOW - 4_999_000 }, true],
    ["8.8.2.2", "a date after Date", LAST, { ...both, dateMs: NOW - 6_000_000 }, false],
    ["8.8.2.2", "a date where Date is not known", LAST, { etag: '"a"', lastModified: LAST }, false],
    ["13.1.5", "nothing in it", "", both, false],
  ])("RFC 9110 %s: %s", (_section, _what, ifRange, stored, applies) => {
    const field = readerOfHeaders(ifRange === undefined ? {} : { "If-Range": ifRange });
    expect(rangeApplies(field, stored, false, NOW)).toBe(applies);
    // for a client that gets the whole in a coding, a date names two representations
    const names = ifRange === undefined || ifRange.includes('"');
    expect(rangeApplies(field, stored, true, NOW)).toBe(applies && names);
  });
});

describe("Content-Range", () => {
  it.each<[string, string | undefined]>([
    ["bytes 0-0/1", "bytes 0-0/1"],
    ["bytes 2-5/10", "bytes 2-5/10"],
    ["bytes 2-5/*", "bytes 2-5/*"],
    ["BYTES 2-5/10", "bytes 2-5/10"],
    ["bytes 5-2/10", undefined],
    ["bytes 0-10/10", undefined],
    ["bytes 10-10/10", undefined],
    ["bytes */10", undefined],
    ["bytes=2-5/10", undefined],
    ["bytes 2-5", undefined],
    ["bytes 2-/10", undefined],
    ["bytes -5/10", undefined],
    ["items 2-5/10", undefined],
    ["bytes 2-5/10, bytes 6-7/10", undefined],
    ["bytes 0-1/99999999999999999999", undefined],
    ["", undefined],
  ])("RFC 9110 14.4: %j", (text, read) => {
    const part = parseContentRange(text);
    expect(part && contentRange(part, part.total)).toBe(read);
  });
});
