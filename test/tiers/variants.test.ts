// Owns the proof that nobody is locked out of a resource's variants, and that a variant in use is not pushed out by invented ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/http/select/key.ts";
import { variantKey } from "../../src/http/select/key.ts";
import { variantHits } from "../../src/tiers/variant-hits.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { type TestStack, testStack } from "../support/stack.ts";
import { bytesOf, fieldsOf, keyOf, storedOf } from "../support/stored.ts";
import { selectedKey } from "../../src/tiers/vary-index.ts";

const MAX = 3;
const lang = (name: string) => ({ "accept-language": name });

/** How a stack holds variants: all in memory; none there, for their bodies are too large; or some, for memory is short. */
const MODES: readonly (readonly [string, number])[] = [
  ["in memory", 1000],
  ["in the colo alone", 1],
];

function stackOf(bodyBytes: number): TestStack & { readonly kept: () => readonly string[] } {
  const colo = mapTier("colo", bodyBytes);
  const s = testStack([colo], bodyBytes);
  const kept = (): readonly string[] => {
    const entry = colo.entries.get(keyOf("/a"));
    if (entry?.kind !== "vary") return [];
    const { index } = entry;
    const names = NAMES.filter((name) =>
      index.variants.includes(selectedKey({ key: keyOf("/a"), request: fieldsOf(lang(name)) }, index)),
    );
    expect(names.length, "every variant listed is one that was asked for").toBe(index.variants.length);
    for (const name of names)
      expect(colo.entries.has(selectedKey({ key: keyOf("/a"), request: fieldsOf(lang(name)) }, index))).toBe(true);
    return names;
  };
  return { ...s, kept };
}

const NAMES = Array.from({ length: 12 }, (_, i) => `l${String(i)}`);

/** One request: a hit, or a fill. `reload`: filled again although it is there. */
async function ask(s: TestStack, name: string, maxVariants = MAX, reload = false, language?: string): Promise<boolean> {
  const fields = lang(name);
  const { found, index } = await s.lookup(s.slot("/a", fields));
  if (found?.body.kind === "stream") await found.body.stream.cancel();
  if (found && !reload) return true;
  const headers = language === undefined ? [] : [["content-language", language] as const];
  const slot = s.slot("/a", fields, { index, maxVariants });
  const stored = storedOf({ variant: fields, headers });
  const bytes = bytesOf(name);
  if (bytes.length <= s.stack.maxBufferedBytes) await s.stack.store(slot, stored, bytes);
  else
    await s.stack.storeStream(
      slot,
      { ...stored, bodyLength: bytes.length },
      { kind: "stream", stream: new Blob([bytes]).stream(), whole: Promise.resolve(bytes.length) },
    );
  return found !== undefined;
}

describe("which variant goes", () => {
  it.each(MODES)(
    "for any sequence of requests: the new one is kept, and one in use is not displaced: %s",
    async (_, bodyBytes) => {
      const step = fc.record({ name: fc.nat(NAMES.length - 1), reload: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const s = stackOf(bodyBytes);
          /** Variants that were hit, the latest last. */
          let order: string[] = [];
          for (const { name: i, reload } of steps) {
            const name = NAMES[i] ?? "";
            const before = s.kept();
            if (await ask(s, name, MAX, reload)) order = [...order.filter((other) => other !== name), name];
            const after = s.kept();
            expect(after).toContain(name);
            expect(after.length).toBeLessThanOrEqual(MAX);
            for (const gone of before.filter((other) => !after.includes(other))) {
              const stay = after.filter((other) => other !== name);
              const since = order.indexOf(gone);
              // one never hit goes before one that was, and of those that were the one hit longest ago
              if (since >= 0)
                for (const other of stay)
                  expect(order.indexOf(other), `${gone} went, ${other} stayed`).toBeGreaterThan(since);
              order = order.filter((other) => other !== gone);
            }
          }
        }),
        { numRuns: 150 },
      );
    },
  );

  it.each(MODES)(
    "invented ones, each asked for twice, cost one that is asked for between them nothing: %s",
    async (_, bodyBytes) => {
      const s = stackOf(bodyBytes);
      await ask(s, "l0");
      for (let i = 1; i < 40; i++) {
        expect(await ask(s, "l0"), String(i)).toBe(true);
        const junk = `l${String(1 + (i % 11))}`;
        for (let n = 0; n < 2; n++) await ask(s, junk);
      }
    },
  );

  it.each(MODES)("a hit outlasts a refill: %s", async (_, bodyBytes) => {
    const s = stackOf(bodyBytes);
    for (const name of ["l0", "l0", "l1", "l2"]) await ask(s, name);
    await ask(s, "l0", MAX, true);
    for (const name of ["l3", "l4", "l5"]) await ask(s, name);
    expect(s.kept()).toContain("l0");
  });

  it("of which this isolate knows nothing goes after those never hit, and before those that were", async () => {
    const colo = mapTier("colo");
    const other = testStack([colo]);
    for (const name of ["l0", "l1", "l2"]) await ask(other, name);
    const s = testStack([colo]);
    await ask(s, "l2");
    await ask(s, "l3");
    await ask(s, "l4");
    const kept = async (name: string): Promise<boolean> =>
      (await s.lookup(s.slot("/a", lang(name)))).found !== undefined;
    expect([await kept("l2"), await kept("l1"), await kept("l0"), await kept("l4")]).toEqual([true, true, false, true]);
  });

  it("a hit that is forgotten with its variant does not count for the next of that name", async () => {
    const s = stackOf(1000);
    for (const name of ["l0", "l0", "l1", "l1", "l2", "l2"]) await ask(s, name);
    await ask(s, "l3");
    expect(s.kept()).not.toContain("l0");
    await ask(s, "l0");
    await ask(s, "l4");
    expect(s.kept()).toEqual(["l1", "l2", "l4"]);
  });
});

describe("languages", () => {
  const likes = (language: string): string => `x;q=0.1, ${language}`;

  async function listed(s: TestStack): Promise<readonly string[]> {
    const entry = s.memory.get(keyOf("/a"));
    return entry?.kind === "vary" ? entry.index.languages.map(([language]) => language) : [];
  }

  it("go with their variants, so invented ones do not hold the places of real ones", async () => {
    const s = testStack([]);
    await ask(s, "de", 4, false, "de");
    await ask(s, "de", 4);
    for (let i = 0; i < 40; i++) await ask(s, `l${String(i)}`, 4, false, `l${String(i)}`);
    await ask(s, "fr", 4, false, "fr");
    expect((await listed(s)).toSorted()).toEqual(["de", "fr", "l38", "l39"]);
    expect((await s.lookup(s.slot("/a", lang(likes("de"))))).found).toBeDefined();
    expect((await s.lookup(s.slot("/a", lang(likes("fr"))))).found).toBeDefined();
  });

  it("are told to the global tier, also where its list is full of invented ones", async () => {
    const global = mapTier("global");
    const junk = testStack([global]);
    for (let i = 0; i < 16; i++) await ask(junk, `l${String(i)}`, 16, false, `l${String(i)}`);
    await ask(testStack([global]), "de", 16, false, "de");
    const cold = testStack([global]);
    expect((await cold.lookup(cold.slot("/a", lang(likes("de"))))).found?.tier).toBe("global");
  });

  it("are as many as the rule keeps variants", async () => {
    const global = mapTier("global");
    const s = testStack([global]);
    for (let i = 0; i < 20; i++) await ask(s, `l${String(i)}`, 20, false, `l${String(i)}`);
    expect(await listed(s)).toHaveLength(20);
    const entry = global.entries.get(keyOf("/a"));
    expect(entry?.kind === "vary" && entry.index.languages.length).toBe(20);
  });
});

it("hits are remembered for the latest 2,000 variants", () => {
  const hits = variantHits();
  const key = (i: number): CacheKey => variantKey(keyOf("/a"), "g", { x: String(i) });
  for (let i = 0; i < 2001; i++) hits.note(key(i), i + 1);
  expect([hits.last(key(0)), hits.last(key(1)), hits.last(key(2000))]).toEqual([undefined, 2, 2001]);
  hits.forget(key(1));
  expect(hits.last(key(1))).toBeUndefined();
});
