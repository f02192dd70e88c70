// Proves byte ranges: the table of RFC 9110 section 14, If-Range, and that any range is the slice it names.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeRange } from "../../../origin-mock/http/respond-ranged.ts";
import { readerOf } from "../../../src/http/message/fields.ts";

const NOW_MS = Date.UTC(2026, 8, 2);
const DATE = "Tue, 01 Sep 2026 08:00:00 GMT";
const CURRENT = { etag: '"a"', lastModified: DATE, sizeBytes: 100 };
/** Values arrive without the white space around them. */
const fields = (range: string | undefined, ifRange?: string) =>
  readerOf(
    Object.entries({ range, "if-range": ifRange }).flatMap(([k, v]) => (v === undefined ? [] : [[k, v.trim()]])),
  );
const judge = (range: string | undefined, ifRange?: string, current = CURRENT, method = "GET") => {
  const verdict = judgeRange(method, fields(range, ifRange), current, NOW_MS);
  return verdict.kind === "part" ? [verdict.first, verdict.last] : verdict.kind;
};

describe("14.1.2 and 14.2", () => {
  test.each<readonly [string, string | undefined, unknown]>([
    ["no field", undefined, "whole"],
    ["the first byte", "bytes=0-0", [0, 0]],
    ["a closed range", "bytes=10-19", [10, 19]],
    ["an open range", "bytes=90-", [90, 99]],
    ["everything", "bytes=0-", [0, 99]],
    ["over-long", "bytes=90-100000", [90, 99]],
    ["a suffix", "bytes=-10", [90, 99]],
    ["a suffix longer than all", "bytes=-1000", [0, 99]],
    ["an empty suffix", "bytes=-0", "unsatisfiable"],
    ["past the end", "bytes=100-", "unsatisfiable"],
    ["far past the end", `bytes=${"9".repeat(400)}-`, "unsatisfiable"],
    ["an end beyond all numbers", `bytes=5-${"9".repeat(400)}`, [5, 99]],
    ["leading zeros", "bytes=0010-0019", [10, 19]],
    ["the unit in capitals", "Bytes=1-2", [1, 2]],
    ["space around", " bytes= 1-2 ", [1, 2]],
    ["several ranges", "bytes=0-1,5-6", "whole"],
    ["backwards", "bytes=5-4", "whole"],
    ["another unit", "items=0-1", "whole"],
    ["no number", "bytes=-", "whole"],
    ["no unit", "0-1", "whole"],
    ["a sign", "bytes=+1-2", "whole"],
    ["nothing", "", "whole"],
  ])("%s", (_, range, expected) => {
    expect(judge(range)).toEqual(expected);
  });

  test("methods other than GET have no ranges", () => {
    expect(judge("bytes=0-0", undefined, CURRENT, "HEAD")).toBe("whole");
    expect(judge("bytes=500-", undefined, CURRENT, "HEAD")).toBe("whole");
  });

  test("any text is whole, unsatisfiable or inside", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,3}-\d{0,3}$/));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 200 }), (range, sizeBytes) => {
        const verdict = judgeRange("GET", fields(range), { ...CURRENT, sizeBytes }, NOW_MS);
        if (verdict.kind !== "part") return;
        expect(verdict.first).toBeGreaterThanOrEqual(0);
        expect(verdict.last).toBeGreaterThanOrEqual(verdict.first);
        expect(verdict.last).toBeLessThan(sizeBytes);
      }),
    );
  });
});

describe("13.1.5: If-Range", () => {
  test.each<readonly [string, string, typeof CURRENT, boolean]>([
    ["the same tag", '"a"', CURRENT, true],
    ["another tag", '"b"', CURRENT, false],
    ["a weak tag", 'W/"a"', CURRENT, false],
    ["a weak tag of a weak representation", 'W/"a"', { ...CURRENT, etag: 'W/"a"' }, false],
    ["a list", '"a", "b"', CURRENT, false],
    ["the same date", DATE, CURRENT, true],
    ["an earlier date", "Tue, 01 Sep 2026 07:59:59 GMT", CURRENT, false],
    ["a later date", "Tue, 01 Sep 2026 08:00:01 GMT", CURRENT, false],
    ["nonsense", "yesterday", CURRENT, false],
    ["an asterisk", "*", CURRENT, false],
  ])("%s", (_, field, current, holds) => {
    expect(judge("bytes=1-2", field, current)).toEqual(holds ? [1, 2] : "whole");
    // A condition that fails gives the whole, never a 416.
    expect(judge("bytes=500-", field, current)).toBe(holds ? "unsatisfiable" : "whole");
  });
});
