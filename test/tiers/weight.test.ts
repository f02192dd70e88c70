// Owns the proof that every part of an entry that can be large is weighed.
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/http/select/key.ts";
import type { Stored } from "../../src/http/law/stored.ts";
import type { TargetHash } from "../../src/http/targets/target.ts";
import { weightOf } from "../../src/tiers/weight.ts";
import { keyOf, noise, responseEntry } from "../support/stored.ts";

const LONG = "z".repeat(5000);
const bare = weightOf(keyOf("/a"), responseEntry(""));
const more = (changes: Partial<Stored>): number => weightOf(keyOf("/a"), responseEntry("", changes)) - bare;

describe("the weight of an entry", () => {
  it.each<[string, Partial<Stored>]>([
    ["a header's value", { headers: [["x", LONG]] }],
    ["a header's name", { headers: [[LONG, ""]] }],
    ["a field for the edge", { edgeHeaders: [["cache-tag", LONG]] }],
    ["a selecting value", { variant: { x: LONG } }],
    ["the entity tag", { etag: LONG }],
    ["the entity tag shown", { shownEtag: LONG }],
    ["the date", { lastModified: LONG }],
  ])("has %s", (_, changes) => {
    expect(more(changes)).toBeGreaterThanOrEqual(5000 - 32);
    expect(more(changes)).toBeLessThan(5200);
  });

  it("has the key, the body and every target", () => {
    expect(weightOf(keyOf(`/a${LONG}`), responseEntry("")) - bare).toBeGreaterThanOrEqual(5000);
    expect(weightOf(keyOf("/a"), responseEntry(noise(777))) - bare).toBe(777);
    expect(more({ targets: Array.from({ length: 100 }, () => "0123456789abcdef" as TargetHash) })).toBe(6400);
  });

  it("counts two bytes for a character outside Latin-1, and for its neighbours", () => {
    const latin = more({ headers: [["x", "é".repeat(100)]] });
    expect(more({ headers: [["x", `${"é".repeat(99)}€`]] })).toBe(latin + 100);
  });

  it("has the variants and languages of an index", () => {
    const index = { generation: "g", fields: ["accept"], variants: [], languages: [] };
    const empty = weightOf(keyOf("/a"), { kind: "vary", index });
    const variants = [LONG as CacheKey];
    const full = weightOf(keyOf("/a"), { kind: "vary", index: { ...index, variants, languages: [["de", LONG]] } });
    expect(full - empty).toBeGreaterThanOrEqual(10_000);
  });
});
