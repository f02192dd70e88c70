// Owns the property that a purged response is never fresh, whatever it says and whoever asks for it.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { PurgeMode } from "../../src/http/targets/purge-order.ts";
import { reuse } from "../../src/http/law/reuse.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import { purgeState } from "../../src/purge/reader/match.ts";
import { NO_FLOOR, purgedAgain, type PurgeMarks } from "../../src/purge/wire/records.ts";
import { cacheControl, request } from "./sections.ts";
import { HONOUR, NOW, requestOf, settled } from "./support.ts";

const LOG = "log-1";
const PLACE = { scheme: "https", host: "shop.test", path: "/", query: "" } as const;
const hashOf = (value: string) => targetHash({ kind: "tag", value });

interface Purge {
  readonly tag: string;
  readonly mode: PurgeMode;
  readonly afterSeconds: number;
}

const purges: fc.Arbitrary<readonly Purge[]> = fc.array(
  fc.record({
    tag: fc.constantFrom("a", "b", "c"),
    mode: fc.constantFrom<PurgeMode>("hard", "soft"),
    afterSeconds: fc.integer({ min: 0, max: 100 }),
  }),
  { maxLength: 4 },
);

/** Spellings of the tags a and b. */
const tagged = fc.constantFrom<readonly (readonly [string, string])[]>(
  [["Cache-Tag", "a,b"]],
  [["cache-tag", " b , a"]],
  [
    ["CDN-Tag", "b"],
    ["surrogate-key", "x a"],
  ],
);

/** The log after these purges, numbered from 1. */
function recordsOf(list: readonly Purge[]): ReadonlyMap<string, PurgeMarks> {
  const records = new Map<string, PurgeMarks>();
  list.forEach(({ tag, mode, afterSeconds }, index) => {
    const hash = hashOf(tag);
    records.set(hash, purgedAgain(records.get(hash), mode, index + 1, NOW + afterSeconds * 1000));
  });
  return records;
}

it("a purged response is never fresh, nor are its validators used after a hard purge", () => {
  const moment = fc.integer({ min: 0, max: 120 });
  let purged = 0;
  fc.assert(
    fc.property(cacheControl, tagged, purges, fc.nat(4), moment, request, (given, tags, list, seq, after, asked) => {
      const lines = given.lines.map((line) => ["cache-control", line] as const);
      const verdict = settled([...lines, ...tags, ["ETag", '"a"']], {}, { fence: { incarnation: LOG, seq } });
      if (verdict.verdict !== "store") return;
      const records = recordsOf(list);
      const state = purgeState(verdict.stored, PLACE, {
        incarnation: LOG,
        seq: list.length,
        floor: NO_FLOOR,
        marksOf: (hash) => records.get(hash),
        prefixLengths: () => [],
      });
      const decided = reuse(requestOf(asked), verdict.stored, state, HONOUR, NOW + after * 1000);
      const since = list.filter(({ tag }, index) => tag !== "c" && index + 1 > seq);
      if (since.length === 0) return;
      purged += 1;
      expect(decided.reason).not.toBe("fresh");
      if (since.some(({ mode }) => mode === "hard")) expect(["fetch", "unsatisfiable"]).toContain(decided.verdict);
    }),
    { numRuns: 1000 },
  );
  expect(purged).toBeGreaterThan(100);
});
