// Owns the law of validation: the validators of an answer, and the effect of a 304 (RFC 9110 8.8, RFC 9111 4.3).
import { describe, expect, it } from "vitest";
import { originValidators, storedValidators } from "../../../src/http/law/stored.ts";
import type { HeaderPairs } from "../../../src/http/message/fields.ts";
import type { Stored } from "../../../src/http/law/stored.ts";
import { fateOfStored } from "../fate.ts";
import { at, type Fields, NOW, requestOf, responseOf, settled, storedFrom, valuesOf } from "../support.ts";

const CC = "Cache-Control";
const OLD = at(-5000);

function pairsOf(fields: Fields): HeaderPairs {
  return Array.isArray(fields) ? (fields as HeaderPairs) : Object.entries(fields);
}

describe("validators of an answer", () => {
  it.each<[string, string, Fields, readonly (readonly [string, string])[]]>([
    ["8.8.3", "a weak tag is sent weak", { ETag: 'W/"a"' }, [["if-none-match", 'W/"a"']]],
    ["8.8.3", "a tag with a comma", { ETag: '"a,b"' }, [["if-none-match", '"a,b"']]],
    ["8.8.3", "a star is no tag", { ETag: "*" }, []],
    ["8.8.3", "a small prefix makes none", { ETag: 'w/"a"' }, []],
    ["8.8.3", "two in a line are none", { ETag: '"a", "b"' }, []],
    [
      "8.8.3",
      "two in lines are none",
      [
        ["ETag", '"a"'],
        ["etag", '"b"'],
      ],
      [],
    ],
    ["8.8.3", "a space inside makes none", { ETag: '"a b"' }, []],
    ["8.8.2", "a broken date beside a tag", { ETag: '"a"', "Last-Modified": "now" }, [["if-none-match", '"a"']]],
    ["8.8.2", "a broken tag beside a date", { ETag: "a", "Last-Modified": OLD }, [["if-modified-since", OLD]]],
    [
      "13.1.3",
      "a date is sent as it came",
      { "Last-Modified": "Sunday, 06-Nov-94 08:49:37 GMT" },
      [["if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT"]],
    ],
  ])("RFC 9110 %s: %s", (_section, _what, says, sent) => {
    const stored = storedFrom([[CC, "max-age=60"], ...pairsOf(says)]);
    expect(storedValidators(stored)).toEqual(sent);
    expect(originValidators(responseOf(says)).etag).toBe(stored.etag);
  });
});

describe("a 304", () => {
  const TAGGED = { ETag: '"v1"' };
  const WEAK = { ETag: 'W/"v1"' };
  const DATED = { "Last-Modified": OLD };
  const FENCE = { incarnation: "log-1", seq: 9 };

  /** A response stored at NOW for 60 seconds, with these further fields. */
  const held = (fields: Fields): Stored =>
    storedFrom([[CC, "max-age=60"], ["Date", at(0)], ["X-A", "old"], ...pairsOf(fields)]);

  /** The answer of 100 seconds later to the question whether that is still good. */
  const answered = (stored: Stored, says: Fields, fields: Fields = {}) => {
    const shape = { status: 304, receivedAtMs: NOW + 100_000 };
    const dated: Fields = "Date" in says ? says : [["Date", at(100)], ...pairsOf(says)];
    return settled(dated, shape, { stored, request: requestOf(fields), fence: FENCE });
  };

  it.each<[string, string, Fields, Fields, "refresh" | "refetch"]>([
    ["8.8.3.2", "the same tag", TAGGED, TAGGED, "refresh"],
    ["8.8.3.2", "the same tag, weak now", TAGGED, WEAK, "refresh"],
    ["8.8.3.2", "the same tag, strong now", WEAK, TAGGED, "refetch"],
    ["8.8.3.2", "another tag", TAGGED, { ETag: '"v2"' }, "refetch"],
    ["8.8.3", "a tag in other case", TAGGED, { ETag: '"V1"' }, "refetch"],
    ["8.8.3", "a broken tag", TAGGED, { ETag: "v1" }, "refetch"],
    [
      "8.8.3",
      "two tags, the right one first",
      TAGGED,
      [
        ["ETag", '"v1"'],
        ["ETag", '"v2"'],
      ],
      "refetch",
    ],
    ["8.8.3", "a tag where only a date is known", DATED, TAGGED, "refetch"],
    ["8.8.2", "the same date", DATED, DATED, "refresh"],
    ["8.8.2", "a later date, and no tag", DATED, { "Last-Modified": at(-10) }, "refetch"],
    ["8.8.2", "an earlier date, and no tag", DATED, { "Last-Modified": at(-9999) }, "refetch"],
    [
      "8.8.2",
      "a later date beside the same tag",
      { ...TAGGED, ...DATED },
      { ...TAGGED, "Last-Modified": at(-10) },
      "refresh",
    ],
    ["15.4.5", "no validator, of a tagged one", TAGGED, {}, "refresh"],
    ["15.4.5", "no validator, of a dated one", DATED, {}, "refresh"],
    ["15.4.5", "no validator on either side", {}, {}, "refresh"],
  ])("RFC 9111 4.3.4, RFC 9110 %s: %s", (_section, _what, had, says, verdict) => {
    expect(answered(held(had), says).verdict).toBe(verdict);
  });

  function refreshed(had: Fields, says: Fields): Stored {
    const verdict = answered(held(had), says);
    if (verdict.verdict !== "refresh") throw new Error(`expected a refresh, got ${verdict.verdict}`);
    return verdict.stored;
  }

  const CDN = "CDN-Cache-Control";

  it.each<[string, string, Fields, Fields, number, string]>([
    ["4.3.4", "without lifetime gives the stored one again", TAGGED, {}, 159, "fresh"],
    ["4.3.4", "and no more than that", TAGGED, {}, 160, "ask: stale"],
    ["4.3.4", "with a longer lifetime", TAGGED, { [CC]: "max-age=600" }, 699, "fresh"],
    ["4.3.4", "with a shorter lifetime", TAGGED, { [CC]: "max-age=1" }, 102, "ask: stale"],
    ["4.3.4", "with max-age=0", TAGGED, { [CC]: "max-age=0" }, 100, "ask: stale"],
    ["4.3.4", "with no-cache from now on", TAGGED, { [CC]: "no-cache, max-age=60" }, 101, "ask: no-cache"],
    ["4.3.4", "without no-cache from now on", { [CDN]: "no-cache", ...TAGGED }, { [CDN]: "max-age=60" }, 101, "fresh"],
    ["4.3.4", "with a window", TAGGED, { [CC]: "max-age=60, stale-while-revalidate=60" }, 161, "swr"],
    [
      "4.3.4",
      "with a lifetime in two lines",
      TAGGED,
      [
        [CC, "max-age=9"],
        [CC, "s-maxage=99"],
      ],
      198,
      "fresh",
    ],
    ["4.3.4", "with an Age", TAGGED, { Age: "50" }, 110, "ask: stale"],
    ["4.3.4", "with an Age beyond the lifetime", TAGGED, { Age: "7200" }, 100, "ask: stale"],
    ["4.3.4", "with a Date of the past", TAGGED, { Date: at(50) }, 109, "fresh"],
    ["4.3.4", "with a Date of the past, which counts", TAGGED, { Date: at(50) }, 110, "ask: stale"],
    ["4.3.4", "with a Date to come", TAGGED, { Date: at(9999) }, 159, "fresh"],
    ["4.3.4", "with a Date that is none", TAGGED, { Date: "now" }, 159, "fresh"],
    ["5.3", "with an Expires, which loses to max-age", TAGGED, { Expires: at(9999) }, 161, "ask: stale"],
    [
      "5.2.2.2",
      "with must-revalidate from now on",
      TAGGED,
      { [CC]: "max-age=60, stale-while-revalidate=60, must-revalidate" },
      161,
      "ask: stale",
    ],
  ])("RFC 9111 %s: %s", (_section, _what, had, says, after, fate) => {
    expect(fateOfStored(refreshed(had, says), { after })).toBe(fate);
  });

  it.each<[string, string, Fields, Fields, string, readonly string[]]>([
    ["3.2", "replaces a line", {}, { "X-A": "new" }, "x-a", ["new"]],
    [
      "3.2",
      "replaces all lines of a name by all of its own",
      [
        ["x-b", "1"],
        ["X-B", "2"],
      ],
      [
        ["X-b", "3"],
        ["x-B", "4"],
      ],
      "x-b",
      ["3", "4"],
    ],
    [
      "3.2",
      "replaces many lines by one",
      [
        ["x-b", "1"],
        ["x-b", "2"],
      ],
      { "x-b": "3" },
      "x-b",
      ["3"],
    ],
    ["3.2", "adds what was not there", {}, { "X-New": "1" }, "x-new", ["1"]],
    ["3.2", "leaves what it does not name", {}, { "X-New": "1" }, "x-a", ["old"]],
    ["3.2", "replaces a value by an empty one", {}, { "X-A": "" }, "x-a", [""]],
    [
      "3.2",
      "leaves the type of the body",
      { "content-type": "a/b" },
      { "Content-Type": "text/plain" },
      "content-type",
      ["a/b"],
    ],
    [
      "3.2",
      "leaves the length of the body",
      { "content-length": "3" },
      { "Content-Length": "0" },
      "content-length",
      ["3"],
    ],
    ["3.2", "gives the body no coding", {}, { "Content-Encoding": "gzip" }, "content-encoding", []],
    ["3.1", "brings nothing of its connection", {}, { Connection: "x-a", "X-A": "new" }, "x-a", ["old"]],
    ["4.3.4", "makes the tag weak where it says so", TAGGED, WEAK, "etag", ['W/"v1"']],
    ["4.3.4", "leaves the tag where it has none", TAGGED, {}, "etag", ['"v1"']],
    ["6.6.1", "has the Date of now", {}, {}, "date", [at(100)]],
  ])("RFC 9111 %s: %s", (_section, _what, had, says, name, values) => {
    expect(valuesOf(refreshed(had, says).headers, name)).toEqual(values);
  });

  it.each<[string, Fields, Fields, number]>([
    ["a tag that matched", TAGGED, TAGGED, 9],
    ["a date that matched", DATED, DATED, 9],
    ["a question that named a tag", TAGGED, {}, 9],
    ["a question that named a date", DATED, {}, 9],
    ["a question that named nothing", {}, {}, 5],
  ])("RFC 9111 4.3.4: what it proves of the time since the fetch: %s", (_what, had, says, seq) => {
    expect(refreshed(had, says).fence.seq).toBe(seq);
  });

  it("RFC 9111 4.3.4: a chain of them is as good as the last", () => {
    let stored = held(TAGGED);
    for (const round of [1, 2, 3]) {
      const verdict = answered(stored, { ...TAGGED, "X-Round": String(round), [CC]: `max-age=${String(60 * round)}` });
      if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
      ({ stored } = verdict);
    }
    expect(valuesOf(stored.headers, "x-round")).toEqual(["3"]);
    expect(stored.lifetimeSeconds).toBe(180);
    expect(stored.headers.filter(([name]) => name.toLowerCase() === "etag")).toHaveLength(1);
  });
});

describe("RFC 9111 4.3.4: a 304 and the tags of a combined body", () => {
  const held = {
    ...storedFrom({ "Cache-Control": "max-age=60", ETag: '"v"', "Cache-Tag": "head" }),
    targets: ["older" as never],
  };

  it.each([
    ["without tags keeps those of the older part", {}, true],
    ["with tags replaces them", { "Cache-Tag": "new" }, false],
  ])("%s", (_, says, keeps) => {
    const verdict = settled({ ETag: '"v"', ...says }, { status: 304 }, { stored: held });
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(verdict.stored.targets.includes("older" as never)).toBe(keeps);
  });
});
