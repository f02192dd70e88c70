// Owns the proof that a fill is one KV write at most, that it waits and looks first, and that what it writes is found.
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import type { DependencyError } from "../../src/error.ts";
import type { Stored } from "../../src/http/law/stored.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import { matchesVariant } from "../../src/http/select/vary.ts";
import { guarded } from "../../src/tiers/guard.ts";
import { kvTier } from "../../src/tiers/kv.ts";
import type { CacheSlot } from "../../src/tiers/tier.ts";
import { barrier } from "../support/barrier.ts";
import { NOON_MS } from "../support/clock.ts";
import { countedKv } from "../support/kv.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { testStack } from "../support/stack.ts";
import { bytesOf, keyOf, storedOf, textOf } from "../support/stored.ts";

/** No tier here hangs: only a busy machine takes long. */
const HANGS_MS = 60_000;

const lang = (value: string) => ({ "accept-language": value });
const fenceAt = (seq: number, incarnation = "first") => ({ fence: { incarnation, seq } });

/** Edges without a colo over one real KV; each counts what it reads and writes. */
function edgeOver(pause?: () => Promise<void>) {
  const reports: DependencyError[] = [];
  const kv = countedKv(env.STRATA_KV);
  const global = guarded(kvTier(kv.kv, { minTtlSeconds: 300 }), deadline(timeout, HANGS_MS), (error) =>
    reports.push(error),
  );
  const s = testStack([global], 1000, pause);
  const since = { reads: 0, writes: 0, deletes: 0 };
  return {
    ...s,
    kv,
    reports,
    /** Looks up, then stores what the origin is said to have answered. */
    async fill(
      path: string,
      body: string,
      changes: Partial<Stored> = {},
      slot: Partial<CacheSlot> = {},
    ): Promise<void> {
      const at = s.slot(path, fieldsIn(changes), slot);
      const { index } = await s.lookup(at, () => false);
      await s.stack.store({ ...at, index }, storedOf({ etag: `"${body}"`, ...changes }), bytesOf(body));
    },
    /** The body found, and where. */
    async find(path: string, fields = {}): Promise<readonly string[]> {
      const { found } = await s.lookup(s.slot(path, fields));
      return found ? [await textOf(found.body), found.tier] : [];
    },
    /** KV operations since last asked. */
    spent() {
      const spent = {
        reads: kv.reads - since.reads,
        writes: kv.writes.length - since.writes,
        deletes: kv.deletes - since.deletes,
      };
      Object.assign(since, { reads: kv.reads, writes: kv.writes.length, deletes: kv.deletes });
      return [spent.reads, spent.writes, spent.deletes];
    },
  };
}

function fieldsIn({ variant = {} }: Partial<Stored>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variant).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

describe("global filing: one write a fill", () => {
  it.each(["de", "fr"])("a variant that is dropped is found by nobody, wherever it lives: %s", async (value) => {
    const a = edgeOver();
    const path = `/dropped-${value}`;
    // the first lives in the index, the second apart
    for (const each of ["de", "fr"]) await a.fill(path, each, { variant: lang(each) });
    const at = a.slot(path, lang(value));
    const { index, found } = await a.lookup(at);
    if (!found) throw new Error("not found");
    await a.stack.drop({ ...at, index }, found.stored);
    expect(await edgeOver().find(path, lang(value))).toEqual([]);
  });

  it("of a resource that varies: the index carries the first variant, the others lie apart", async () => {
    const a = edgeOver();
    for (const value of ["de", "fr", "it"]) await a.fill("/vary", value, { variant: lang(value) });
    expect(a.kv.writes).toHaveLength(3);
    expect(a.kv.deletes).toBe(0);
    const b = edgeOver();
    expect(await b.find("/vary", lang("de"))).toEqual(["de", "global"]);
    expect(b.spent()).toEqual([1, 0, 0]);
    expect(await b.find("/vary", lang("fr"))).toEqual(["fr", "global"]);
    expect(b.spent()).toEqual([2, 0, 0]);
    expect(await b.find("/vary", lang("es"))).toEqual([]);
  });

  it("of a variant that lives in the index goes back there, of another under its own key", async () => {
    const a = edgeOver();
    await a.fill("/again", "de1", { variant: lang("de") });
    await a.fill("/again", "fr1", { variant: lang("fr") });
    await a.fill("/again", "de2", { variant: lang("de"), receivedAtMs: NOON_MS + 1000 });
    await a.fill("/again", "fr2", { variant: lang("fr"), receivedAtMs: NOON_MS + 1000 });
    const keys = a.kv.writes.map(({ key }) => key);
    expect(keys).toEqual([keys[0], keys[1], keys[0], keys[1]]);
    // an index outlives what it carries: it leads to the others
    expect(a.kv.writes.map(({ expirationTtl }) => expirationTtl >= 7 * 24 * 3600)).toEqual([true, false, true, false]);
    const b = edgeOver();
    expect(await b.find("/again", lang("de"))).toEqual(["de2", "global"]);
    expect(await b.find("/again", lang("fr"))).toEqual(["fr2", "global"]);
  });

  it("of a response that varies on more renews the index; what it no longer leads to is not found", async () => {
    const a = edgeOver();
    await a.fill("/more", "de", { variant: lang("de") });
    await a.fill("/more", "fr", { variant: lang("fr") });
    await a.fill("/more", "de at", { variant: { ...lang("de"), "x-geo": "at" } });
    expect(a.kv.writes.map(({ key }) => key)[2]).toBe(a.kv.writes[0]?.key);
    const b = edgeOver();
    expect(await b.find("/more", { ...lang("de"), "x-geo": "at" })).toEqual(["de at", "global"]);
    expect(await b.find("/more", { ...lang("de"), "x-geo": "ch" })).toEqual([]);
    expect(await b.find("/more", lang("fr"))).toEqual([]);
  });

  it("of a new language tells other edges of it", async () => {
    const german = { variant: lang("de"), headers: [["content-language", "de"]] } satisfies Partial<Stored>;
    const a = edgeOver();
    await a.fill("/language", "plain", { variant: lang("*") });
    await a.fill("/language", "hallo", german);
    await a.fill("/language", "hallo", { ...german, variant: lang("de, en") });
    expect(a.kv.writes.map(({ key }) => key)[1]).toBe(a.kv.writes[0]?.key);
    expect(a.kv.writes.map(({ key }) => key)[2]).not.toBe(a.kv.writes[0]?.key);
    const b = edgeOver();
    expect(await b.find("/language", lang("fr;q=0.5, de"))).toEqual(["hallo", "global"]);
  });

  it("of a response that no longer varies takes the index's slot, and the other way round", async () => {
    const a = edgeOver();
    await a.fill("/turn", "plain1");
    await a.fill("/turn", "de", { variant: lang("de") });
    expect(await edgeOver().find("/turn", lang("de"))).toEqual(["de", "global"]);
    await a.fill("/turn", "plain2", { receivedAtMs: NOON_MS + 1000 });
    expect(await edgeOver().find("/turn", lang("de"))).toEqual(["plain2", "global"]);
    expect(a.kv.writes).toHaveLength(3);
  });

  it("goes by the index in KV, not by one that this edge made apart from it", async () => {
    const [a, b] = [edgeOver(), edgeOver()];
    const [atA, atB] = [a.slot("/apart", lang("de")), b.slot("/apart", lang("fr"))];
    await a.stack.store(atA, storedOf({ variant: lang("de") }), bytesOf("de"));
    await b.stack.store(atB, storedOf({ variant: lang("fr") }), bytesOf("fr"));
    expect(b.kv.writes[0]?.key).not.toBe(a.kv.writes[0]?.key);
    for (const value of ["de", "fr"]) expect(await edgeOver().find("/apart", lang(value))).toEqual([value, "global"]);
  });

  it("is not made for what took another variant's room, so that junk cannot fill KV", async () => {
    const a = edgeOver();
    for (let i = 0; i < 40; i++) await a.fill("/junk", "x", { variant: lang(`l${String(i)}`) }, { maxVariants: 4 });
    expect(a.kv.writes).toHaveLength(4);
    expect(a.kv.deletes).toBe(0);
    await a.fill("/junk", "again", { variant: lang("l39"), receivedAtMs: NOON_MS + 1000 }, { maxVariants: 4 });
    expect(a.kv.writes).toHaveLength(5);
  });
});

describe("global filing: pause and look", () => {
  it("pauses in the background, then writes", async () => {
    const paused = barrier();
    const a = edgeOver(() => paused.passed);
    const stored = a.stack.store(a.slot("/pause"), storedOf(), bytesOf("x"));
    expect(a.memory.get(keyOf("/pause"))).toBeDefined();
    expect(a.spent()).toEqual([0, 0, 0]);
    paused.open();
    await stored;
    expect(a.spent()).toEqual([1, 1, 0]);
  });

  it.each([
    ["a plain response", {}],
    ["a variant", { variant: lang("de") }],
  ])("of edges that miss %s at the same time one writes", async (name, changes) => {
    const paused = Array.from({ length: 5 }, () => barrier());
    const edges = paused.map(({ passed }) => edgeOver(() => passed));
    const fills = edges.map((edge, i) => edge.fill(`/race/${name}`, "same", { receivedAtMs: NOON_MS + i, ...changes }));
    for (const [i, { open }] of paused.entries()) {
      open();
      await fills[i];
    }
    expect(edges.map(({ kv }) => kv.writes.length)).toEqual([1, 0, 0, 0, 0]);
  });

  it.each<readonly [string, Partial<Stored>, Partial<Stored>, number]>([
    ["the same, hardly older", {}, { receivedAtMs: NOON_MS + 59_000 }, 0],
    ["the same, older than a tenth of the lifetime", {}, { receivedAtMs: NOON_MS + 61_000 }, 1],
    ["one received later", { etag: '"new"', receivedAtMs: NOON_MS + 1000 }, {}, 0],
    ["one received a little earlier, with another tag", { etag: '"old"' }, { receivedAtMs: NOON_MS + 1 }, 1],
    ["one without any tag", { etag: undefined }, { etag: undefined, receivedAtMs: NOON_MS + 1 }, 1],
    [
      "the same by its made tag",
      { etag: undefined, shownEtag: '"m"' },
      { etag: undefined, shownEtag: '"m"', receivedAtMs: NOON_MS + 1 },
      0,
    ],
    ["the same with other purge targets", {}, { targets: storedTargets("t"), receivedAtMs: NOON_MS + 1 }, 1],
    ["the same with another lifetime", { lifetimeSeconds: 900 }, { receivedAtMs: NOON_MS + 1 }, 1],
    ["the same, now always validated", {}, { alwaysValidate: true, receivedAtMs: NOON_MS + 1 }, 1],
    ["one with an older fence", fenceAt(3), fenceAt(4), 1],
    ["one with an older fence, received later", { ...fenceAt(3), receivedAtMs: NOON_MS + 1000 }, fenceAt(4), 1],
    ["one with a newer fence", fenceAt(5), fenceAt(4), 0],
    ["one of another incarnation", fenceAt(9, "lost"), fenceAt(1), 1],
  ])("where KV has %s", async (name, there, ours, writes) => {
    for (const variant of [{}, lang("de")]) {
      const path = `/as-new/${name}/${String(Object.keys(variant).length)}`;
      await edgeOver().fill(path, "same", { variant, ...there });
      const b = edgeOver();
      await b.fill(path, "same", { variant, ...ours });
      expect(b.kv.writes, JSON.stringify(variant)).toHaveLength(writes);
    }
  });

  it("looks at a variant that lies apart", async () => {
    const a = edgeOver();
    await a.fill("/far", "de", { variant: lang("de") });
    await a.fill("/far", "fr", { variant: lang("fr") });
    const b = edgeOver();
    await b.fill("/far", "fr", { variant: lang("fr"), receivedAtMs: NOON_MS + 1000 });
    expect(b.kv.writes).toHaveLength(0);
    await b.fill("/far", "fr", { variant: lang("fr"), receivedAtMs: NOON_MS + 100_000 });
    expect(b.kv.writes).toHaveLength(1);
  });

  it("writes nothing while KV does not say what is there", async () => {
    const a = edgeOver();
    a.kv.before = (operation) => {
      if (operation === "look") throw new Error("KV is down");
    };
    await a.fill("/down", "x");
    await a.fill("/down", "de", { variant: lang("de") });
    expect(a.kv.writes).toHaveLength(0);
    expect(a.reports.map(({ message }) => message)).toEqual(Array(2).fill("global tier: head failed"));
    expect(await a.find("/down", lang("de"))).toEqual(["de", "memory"]);
  });

  it("writes nothing over an invalidation that came during pause or look", async () => {
    for (const at of ["pause", "look"] as const) {
      const path = `/invalidated/${at}`;
      const paused = barrier();
      const a = edgeOver(() => paused.passed);
      const stored = a.stack.store(a.slot(path), storedOf(), bytesOf("old"));
      if (at === "pause") await a.stack.invalidate(keyOf(path));
      else a.kv.before = (operation) => (operation === "look" ? a.stack.invalidate(keyOf(path)) : undefined);
      paused.open();
      await stored;
      expect(a.kv.writes, at).toHaveLength(0);
    }
  });

  it("neither pauses nor looks where nobody else fills", async () => {
    const never = barrier();
    const a = edgeOver(() => never.passed);
    const sole = { sole: true };
    await a.fill("/sole", "x", {}, sole);
    expect(a.spent()).toEqual([1, 1, 0]);
    // an index in KV must be known before it is written over
    await a.fill("/sole/vary", "de", { variant: lang("de") }, sole);
    expect(a.spent()).toEqual([2, 1, 0]);
    await a.fill("/sole/vary", "fr", { variant: lang("fr") }, sole);
    expect(a.spent()).toEqual([2, 1, 0]);
    await a.fill("/sole/vary", "de", { variant: lang("de") }, sole);
    expect(a.spent()).toEqual([2, 1, 0]);
  });

  it("and an index that was invalidated since the lookup is not written back by who fills alone", async () => {
    const a = edgeOver();
    for (const value of ["de", "fr"]) await a.fill("/alone", value, { variant: lang(value) });
    const at = a.slot("/alone", lang("de"), { sole: true });
    const { index } = await edgeOver().lookup(at);
    await edgeOver().stack.invalidate(keyOf("/alone"));
    await a.stack.store({ ...at, index }, storedOf({ variant: lang("de"), etag: '"new"' }), bytesOf("new"));
    expect(await edgeOver().find("/alone", lang("fr"))).toEqual([]);
    expect(await edgeOver().find("/alone", lang("de"))).toEqual(["new", "global"]);
  });
});

describe("global filing: invalidation and purge", () => {
  it("an invalidation forgets what the index carries, and what lies apart, in every edge that asks KV", async () => {
    const a = edgeOver();
    for (const value of ["de", "fr"]) await a.fill("/forget", value, { variant: lang(value) });
    await a.stack.invalidate(keyOf("/forget"));
    for (const value of ["de", "fr"]) expect(await edgeOver().find("/forget", lang(value))).toEqual([]);
  });

  it("no edge brings back what an invalidation dropped by writing the index that it remembers", async () => {
    const [a, b] = [edgeOver(), edgeOver()];
    for (const value of ["de", "fr"]) await a.fill("/back", value, { variant: lang(value) });
    expect(await b.find("/back", lang("de"))).toEqual(["de", "global"]);
    await a.stack.invalidate(keyOf("/back"));
    await b.fill("/back", "it", { variant: lang("it"), receivedAtMs: NOON_MS + 1000 });
    expect(await edgeOver().find("/back", lang("it"))).toEqual(["it", "global"]);
    expect(await edgeOver().find("/back", lang("fr"))).toEqual([]);
  });

  it("the response that the index carries keeps its fence and its targets", async () => {
    const targets = storedTargets("product:7");
    await edgeOver().fill("/fenced", "de", { variant: lang("de"), targets, ...fenceAt(7) });
    const b = edgeOver();
    const { found } = await b.lookup(b.slot("/fenced", lang("de")));
    expect(found?.stored).toMatchObject({ targets, ...fenceAt(7) });
  });
});

type Step = readonly [edge: number, does: "fill" | "look" | "invalidate", language: string, geo: string | undefined];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.nat({ max: 2 }),
    fc.constantFrom("fill", "fill", "fill", "look", "look", "invalidate"),
    fc.constantFrom("de", "fr", "it"),
    fc.constantFrom(undefined, undefined, "at", "ch"),
  ),
  { maxLength: 25 },
);

describe("global filing: in any order, by any edge", () => {
  it("a found response belongs to the request, is no older than the last invalidation, and took one write at most", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const global = mapTier("global");
        const edges = [testStack([global]), testStack([global]), testStack([global])];
        let invalidatedAtMs = 0;
        for (const [i, [edge, does, language, geo]] of all.entries()) {
          const fields = { ...lang(language), ...(geo === undefined ? {} : { "x-geo": geo }) };
          const s = edges[edge] ?? testStack([global]);
          const slot = s.slot("/any", fields);
          const puts = global.calls.put;
          if (does === "invalidate") {
            await s.stack.invalidate(slot.key);
            invalidatedAtMs = i;
          } else if (does === "fill") {
            const { index } = await s.lookup(slot, () => false);
            await s.stack.store({ ...slot, index }, storedOf({ variant: fields, receivedAtMs: i }), bytesOf("x"));
          } else {
            const cold = testStack([global]);
            const { found } = await cold.lookup(cold.slot("/any", fields));
            if (found) expect(matchesVariant(found.stored.variant, slot.request)).toBe(true);
            if (found) expect(found.stored.receivedAtMs).toBeGreaterThanOrEqual(invalidatedAtMs);
          }
          expect(global.calls.put - puts).toBeLessThanOrEqual(does === "fill" ? 1 : 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function storedTargets(...tags: string[]): Stored["targets"] {
  return tags.map((value) => targetHash({ kind: "tag", value }));
}
