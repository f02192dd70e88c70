// Owns the law of incomplete responses: which are kept, what they may answer, and when two of them make a larger one
// (RFC 9111 3.3, 3.4; RFC 9110 14.4).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { responseFacts } from "../../../src/http/message/facts.ts";
import { combinedBytes, combinedRecord, partOf } from "../../../src/http/law/parts.ts";
import { requestedRange } from "../../../src/http/message/range.ts";
import type { Stored } from "../../../src/http/law/stored.ts";
import { fateOf, fateOfStored } from "../fate.ts";
import { at, type Fields, settled, storedFrom, storedOf } from "../support.ts";

const CC = "Cache-Control";

describe("an incomplete response", () => {
  const PART: Fields = { [CC]: "max-age=60", ETag: '"a"', Date: at(0), "Content-Range": "bytes 2-5/10" };
  const partial = (fields: Fields): string =>
    fateOf(fields, { shape: { status: 206 }, second: { Range: "bytes=2-5" } });

  it.each<[string, string, Fields, string]>([
    ["9111 3.3", "is kept, and answers its range", PART, "fresh"],
    ["9111 3.3", "is kept without a validator", { ...PART, ETag: "" }, "fresh"],
    ["9110 14.4", "that does not say which part it is", { [CC]: "max-age=60" }, "out: status"],
    ["9110 14.4", "that says it wrongly", { ...PART, "Content-Range": "bytes 5-2/10" }, "out: status"],
    [
      "9110 14.6",
      "of several parts",
      { [CC]: "max-age=60", "Content-Type": "multipart/byteranges; boundary=x" },
      "out: status",
    ],
    ["9110 8.6", "of more bytes than its range", { ...PART, "Content-Length": "5" }, "out: part-length"],
    ["9110 8.6", "of fewer bytes than its range", { ...PART, "Content-Length": "3" }, "out: part-length"],
    ["9110 8.6", "of no bytes", { ...PART, "Content-Length": "0" }, "out: part-length"],
    ["9111 5.2.2.5", "with no-store", { ...PART, [CC]: "no-store, max-age=60" }, "out: no-store"],
    ["9111 5.2.2.7", "with private", { ...PART, [CC]: "private, max-age=60" }, "out: private"],
    ["9111 3", "that is stale on arrival", { ...PART, [CC]: "max-age=0" }, "out: expired"],
    ["9111 3", "without a lifetime", { ...PART, [CC]: "x" }, "out: no-lifetime"],
  ])("RFC %s: %s", (_section, _what, says, fate) => {
    expect(partial(says)).toBe(fate);
  });

  const held = storedFrom(PART, { status: 206 });
  const open = storedFrom({ ...PART, "Content-Range": "bytes 2-5/*" }, { status: 206 });
  const prefix = storedFrom({ ...PART, "Content-Range": "bytes 0-5/10" }, { status: 206 });

  it.each<[string, string, Stored, Fields, number, string]>([
    ["3.3", "a range within it", held, { Range: "bytes=3-4" }, 0, "fresh"],
    ["3.3", "the very range", held, { Range: "bytes=2-5" }, 59, "fresh"],
    ["3.3", "a range that begins before it", held, { Range: "bytes=1-5" }, 0, "ask: partial"],
    ["3.3", "a range that ends after it", held, { Range: "bytes=2-6" }, 0, "ask: partial"],
    ["3.3", "an open range that ends after it", held, { Range: "bytes=3-" }, 0, "ask: partial"],
    ["3.3", "a suffix that is not within it", held, { Range: "bytes=-3" }, 0, "ask: partial"],
    [
      "3.3",
      "a suffix that is within it",
      storedFrom({ ...PART, "Content-Range": "bytes 6-9/10" }, { status: 206 }),
      { Range: "bytes=-3" },
      0,
      "fresh",
    ],
    ["3.3", "past the end of the whole", held, { Range: "bytes=10-" }, 0, "ask: partial"],
    ["3.3", "the whole", held, {}, 0, "ask: partial"],
    ["3.3", "the whole of a beginning", prefix, {}, 0, "ask: partial"],
    ["3.3", "several ranges", held, { Range: "bytes=2-3,4-5" }, 0, "ask: partial"],
    ["3.3", "the range under another tag", held, { Range: "bytes=2-5", "If-Range": '"b"' }, 0, "ask: partial"],
    ["3.3", "the range under its tag", held, { Range: "bytes=2-5", "If-Range": '"a"' }, 0, "fresh"],
    ["3.3", "of a whole of unknown length: within it", open, { Range: "bytes=2-5" }, 0, "fresh"],
    ["3.3", "of a whole of unknown length: open", open, { Range: "bytes=2-" }, 0, "ask: partial"],
    ["3.3", "of a whole of unknown length: a suffix", open, { Range: "bytes=-1" }, 0, "ask: partial"],
    ["4.2", "stale", held, { Range: "bytes=2-5" }, 60, "ask: stale"],
    [
      "4.2.4",
      "stale, for a client that would take it",
      held,
      { Range: "bytes=2-5", [CC]: "max-stale" },
      60,
      "ask: stale",
    ],
    ["5.2.1.7", "outside it, from the cache only", held, { Range: "bytes=0-1", [CC]: "only-if-cached" }, 0, "504"],
  ])("RFC 9111 %s: %s", (_section, _what, stored, second, after, fate) => {
    expect(fateOfStored(stored, { second, after })).toBe(fate);
  });

  it.each<[string, string, string, ReturnType<typeof partOf>]>([
    ["of as many bytes as a suffix asked for", "bytes=-3", "3", { first: 2, last: 4, total: 10 }],
    ["of as many bytes as a range asked for", "bytes=2-4", "3", { first: 2, last: 4, total: 10 }],
    ["as its Content-Range", "bytes=2-", "4", { first: 2, last: 5, total: 10 }],
    ["of fewer", "bytes=2-4", "2", undefined],
    ["of more than its Content-Range, as asked for", "bytes=2-6", "5", undefined],
    ["of fewer than an open range", "bytes=2-", "3", undefined],
    ["of nothing", "bytes=-0", "0", undefined],
    ["that nobody asked for", "", "3", undefined],
  ])("RFC 9111 3.3: its length is believed where it is one %s: %s", (_, range, length, part) => {
    const fields: Fields = { ...PART, "Content-Length": length };
    const response = responseFacts(206, Object.entries(fields), 0, 0);
    expect(
      partOf(
        response,
        requestedRange("GET", () => range),
      ),
    ).toEqual(part);
  });

  it("RFC 9110 15.3.7: that nobody asked for is kept as the part it is", () => {
    expect(fateOf(PART, { shape: { status: 206 } })).toBe("ask: partial");
  });
});

describe("two parts", () => {
  const part = (first: number, last: number, parts: Partial<Stored> = {}): Stored =>
    storedOf({ status: 206, etag: '"a"', part: { first, last, total: 10 }, bodyLength: last - first + 1, ...parts });
  const nonce = (value: string): Partial<Stored> => ({
    headers: [["Content-Security-Policy", `script-src 'nonce-${value}'`]],
  });
  const OTHER_LOG = { incarnation: "log-2", seq: 9 };

  it.each<[string, string, Stored, Stored, string]>([
    ["3.4", "that touch", part(0, 4), part(5, 7), "0-7"],
    ["3.4", "that touch, the later first", part(5, 7), part(0, 4), "0-7"],
    ["3.4", "that overlap", part(0, 5), part(3, 7), "0-7"],
    ["3.4", "one inside the other", part(0, 7), part(3, 4), "0-7"],
    ["3.4", "that make the whole", part(0, 4), part(5, 9), "whole"],
    ["3.4", "with a byte between them", part(0, 4), part(6, 9), "apart"],
    ["3.4", "of different tags", part(0, 4), part(5, 9, { etag: '"b"' }), "apart"],
    ["3.4", "of the same weak tag", part(0, 4, { etag: 'W/"a"' }), part(5, 9, { etag: 'W/"a"' }), "apart"],
    ["3.4", "of a strong and a weak tag", part(0, 4), part(5, 9, { etag: 'W/"a"' }), "apart"],
    ["3.4", "of no tag", part(0, 4, { etag: undefined }), part(5, 9, { etag: undefined }), "apart"],
    [
      "3.4",
      "of different lengths of the whole",
      part(0, 4),
      part(5, 9, { part: { first: 5, last: 9, total: 11 } }),
      "apart",
    ],
    ["3.4", "of a whole that is stored already", part(0, 4), storedOf({ etag: '"a"' }), "apart"],
    ["3.4", "whose markup has different nonces", part(0, 4, nonce("a")), part(5, 9, nonce("b")), "apart"],
    ["3.4", "whose markup has the same nonces", part(0, 4, nonce("a")), part(5, 9, nonce("a")), "whole"],
    ["3.4", "of another time of the purge log", part(0, 4), part(5, 9, { fence: OTHER_LOG }), "apart"],
  ])("RFC 9111 %s: %s", (_section, _what, held, fresh, verdict) => {
    const joined = combinedRecord(held, fresh);
    const span = joined?.part ? `${String(joined.part.first)}-${String(joined.part.last)}` : "whole";
    expect(joined ? span : "apart").toBe(verdict);
    if (joined) expect([joined.status, joined.bodyLength]).toEqual(verdict === "whole" ? [200, 10] : [206, 8]);
  });

  it("a purge of either purges what they make: the older fence and the tags of both", () => {
    const [a, b] = [
      storedFrom({ [CC]: "max-age=1", "Cache-Tag": "a" }),
      storedFrom({ [CC]: "max-age=1", "Cache-Tag": "b" }),
    ];
    const older = part(0, 4, { targets: a.targets, fence: { incarnation: "log-1", seq: 3 } });
    const newer = part(5, 9, { targets: b.targets, fence: { incarnation: "log-1", seq: 8 } });
    for (const joined of [combinedRecord(older, newer), combinedRecord(newer, older)]) {
      expect(joined?.fence.seq).toBe(3);
      expect(new Set(joined?.targets)).toEqual(new Set([...a.targets, ...b.targets]));
    }
  });

  it("RFC 9111 3.4: joined in any cut, the bytes are those of the whole", () => {
    const whole = Uint8Array.from({ length: 10 }, (_, i) => i);
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9), (a, b, c, d) => {
        const [x, y] = [part(Math.min(a, b), Math.max(a, b)), part(Math.min(c, d), Math.max(c, d))];
        const joined = combinedRecord(x, y);
        const [first, last] = [Math.min(a, b, c, d), Math.max(a, b, c, d)];
        const touch = Math.min(a, b) <= Math.max(c, d) + 1 && Math.min(c, d) <= Math.max(a, b) + 1;
        expect(joined !== undefined).toBe(touch);
        if (!joined) return;
        const cut = ({ part: p }: Stored) => ({
          first: p?.first ?? 0,
          bytes: whole.slice(p?.first, (p?.last ?? 0) + 1),
        });
        expect(combinedBytes(cut(x), cut(y))).toEqual(whole.slice(first, last + 1));
        expect(joined.bodyLength).toBe(last - first + 1);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, Fields, number, string]>([
    ["3.4", "the rest of it", { "Content-Range": "bytes 5-9/10", ETag: '"a"' }, 206, "complete"],
    ["3.4", "the rest under another tag", { "Content-Range": "bytes 5-9/10", ETag: '"b"' }, 206, "refetch"],
    ["3.4", "the rest under no tag", { "Content-Range": "bytes 5-9/10" }, 206, "refetch"],
    ["3.4", "a rest that leaves a gap", { "Content-Range": "bytes 6-9/10", ETag: '"a"' }, 206, "refetch"],
    ["3.4", "a rest that repeats bytes", { "Content-Range": "bytes 4-9/10", ETag: '"a"' }, 206, "refetch"],
    ["3.4", "not all of the rest", { "Content-Range": "bytes 5-8/10", ETag: '"a"' }, 206, "refetch"],
    ["3.4", "a rest of another whole", { "Content-Range": "bytes 5-9/11", ETag: '"a"' }, 206, "refetch"],
    [
      "3.4",
      "a rest that must not be stored",
      { "Content-Range": "bytes 5-9/10", ETag: '"a"', [CC]: "no-store" },
      206,
      "refetch",
    ],
    ["3.4", "nothing: there is no rest", { "Content-Range": "bytes */5" }, 416, "refetch"],
    ["3.4", "the whole instead", { ETag: '"b"' }, 200, "store"],
  ])("RFC 9111 %s: to the question for the rest: %s", (_section, _what, says, status, verdict) => {
    const answer = { [CC]: "max-age=60", Date: at(0), ...Object.fromEntries(Object.entries(says)) };
    expect(settled(answer, { status }, { prefix: part(0, 4) }).verdict).toBe(verdict);
  });
});
