// Owns the proof that the memory tier keeps the contract, its budget and what is asked for often.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/http/select/key.ts";
import { type MemoryTier, memoryTier } from "../../src/tiers/memory.ts";
import { weightOf } from "../../src/tiers/weight.ts";
import type { Entry, Reservation } from "../../src/tiers/tier.ts";
import { testClock } from "../support/clock.ts";
import { keyOf, noise, responseEntry, textOf } from "../support/stored.ts";
import { found, tierContract } from "./contract.ts";

const ROOMY = { bytes: 8 * 2 ** 20, bodyBytes: 2 ** 20 };

tierContract("memory", () => memoryTier({ ...ROOMY, now: testClock().now }));

/** That many entries that have proved themselves. */
function fillHot(tier: MemoryTier, count: number, size: number): readonly CacheKey[] {
  const keys = Array.from({ length: count }, (_, i) => keyOf(`/hot-${String(i)}`));
  for (const key of keys) {
    tier.put(key, responseEntry(noise(size)), 600);
    tier.get(key);
  }
  return keys;
}
describe("encoded forms", () => {
  /** Overhead of each entry, as decision 011 counts it. */
  const FORM_BYTES = 192;
  const bytes = noise(1000);
  const form = noise(300, 2);
  const formsAt = (tier: ReturnType<typeof memoryTier>, path = "/a") => {
    const entry = tier.get(keyOf(path));
    return entry?.kind === "response" && entry.body.kind === "bytes" ? entry.body.encoded : undefined;
  };
  const holding = (budget = 8 * 2 ** 20) => {
    const tier = memoryTier({ bytes: budget, bodyBytes: 2 ** 20, now: testClock().now });
    tier.put(keyOf("/a"), responseEntry(bytes), 60);
    return tier;
  };

  it("stand beside the body, each counted once", () => {
    const tier = holding();
    const before = tier.usedBytes;
    for (let i = 0; i < 2; i++) {
      tier.keepEncoded(bytes, "br", form);
      tier.keepEncoded(bytes, "gzip", undefined);
    }
    expect(formsAt(tier)).toEqual({ br: form, gzip: "plain" });
    expect(tier.usedBytes).toBe(before + form.length + 2 * FORM_BYTES);
    tier.delete(keyOf("/a"));
    expect(tier.usedBytes).toBe(0);
  });

  it("go on with the same bytes, and not with others of the same content", () => {
    const tier = holding();
    tier.keepEncoded(bytes, "br", form);
    const used = tier.usedBytes;
    tier.put(keyOf("/a"), responseEntry(bytes, { lifetimeSeconds: 7 }), 60);
    expect([formsAt(tier), tier.usedBytes]).toEqual([{ br: form }, used]);
    tier.put(keyOf("/a"), responseEntry(bytes.slice()), 60);
    expect([formsAt(tier), tier.usedBytes]).toEqual([undefined, used - form.length - FORM_BYTES]);
  });

  it("of bytes that memory does not hold any more are not kept", () => {
    const tier = holding();
    tier.put(keyOf("/a"), responseEntry(noise(1000, 3)), 60);
    const used = tier.usedBytes;
    tier.keepEncoded(bytes, "br", form);
    tier.keepEncoded(noise(10), "br", form);
    expect([formsAt(tier), tier.usedBytes]).toEqual([undefined, used]);
  });

  it("keep to the budget: others go for them, but not all for one", () => {
    const tier = holding(4000);
    tier.put(keyOf("/b"), responseEntry(noise(1000)), 60);
    tier.keepEncoded(bytes, "gzip", noise(5000));
    expect([formsAt(tier), tier.get(keyOf("/b")) !== undefined]).toEqual([undefined, true]);
    tier.keepEncoded(bytes, "br", noise(1500));
    expect(tier.usedBytes).toBeLessThanOrEqual(4000);
    expect([keyOf("/a"), keyOf("/b")].filter((key) => tier.get(key))).toHaveLength(1);
  });
});

describe("memory", () => {
  it("answers without a promise", () => {
    const tier = memoryTier({ ...ROOMY, now: testClock().now });
    expect(tier.put(keyOf("/a"), responseEntry("a"), 60)).toBeUndefined();
    expect(tier.get(keyOf("/a"))).toMatchObject({ kind: "response" });
  });

  it("lets an entry go at the end of its lifetime, not before", () => {
    const clock = testClock();
    const tier = memoryTier({ ...ROOMY, now: clock.now });
    tier.put(keyOf("/a"), responseEntry("a"), 60);
    clock.advance(59.999);
    expect(tier.get(keyOf("/a"))).toBeDefined();
    clock.advance(0.001);
    expect(tier.get(keyOf("/a"))).toBeUndefined();
    expect(tier.usedBytes).toBe(0);
  });

  it.each([0, -1])("keeps nothing for %i seconds, and drops what it held", (seconds) => {
    const tier = memoryTier({ ...ROOMY, now: testClock().now });
    tier.put(keyOf("/a"), responseEntry("old"), 60);
    tier.put(keyOf("/a"), responseEntry("new"), seconds);
    expect(tier.get(keyOf("/a"))).toBeUndefined();
    expect(tier.usedBytes).toBe(0);
  });

  it("refuses a body over its limit, and drops the predecessor", () => {
    const tier = memoryTier({ bytes: 2 ** 20, bodyBytes: 100, now: testClock().now });
    tier.put(keyOf("/a"), responseEntry(noise(100)), 60);
    expect(tier.get(keyOf("/a"))).toBeDefined();
    tier.put(keyOf("/a"), responseEntry(noise(101)), 60);
    expect(tier.get(keyOf("/a"))).toBeUndefined();
    expect(tier.usedBytes).toBe(0);
  });

  it("refuses what is larger than the whole budget without emptying itself", () => {
    const tier = memoryTier({ bytes: 10_000, bodyBytes: 2 ** 20, now: testClock().now });
    tier.put(keyOf("/small"), responseEntry("small"), 60);
    tier.put(keyOf("/large"), responseEntry(noise(20_000)), 60);
    expect(tier.get(keyOf("/large"))).toBeUndefined();
    expect(tier.get(keyOf("/small"))).toBeDefined();
  });

  it("keeps no stream, and drops the predecessor", () => {
    const tier = memoryTier({ ...ROOMY, now: testClock().now });
    const entry = responseEntry("old");
    tier.put(keyOf("/a"), entry, 60);
    const stream = new Blob(["new"]).stream();
    tier.put(keyOf("/a"), { ...entry, body: { kind: "stream", stream } }, 60);
    expect(tier.get(keyOf("/a"))).toBeUndefined();
  });

  it("keeps what is asked for through a scan of what is not", () => {
    const tier = memoryTier({ bytes: 50_000, bodyBytes: 10_000, now: testClock().now });
    const hot = keyOf("/hot");
    tier.put(hot, responseEntry(noise(1000)), 600);
    tier.get(hot);
    for (let i = 0; i < 500; i++) {
      tier.put(keyOf(`/scan-${String(i)}`), responseEntry(noise(1000)), 600);
      if (i % 10 === 0) tier.get(hot);
    }
    expect(tier.get(hot)).toBeDefined();
    expect(tier.get(keyOf("/scan-0"))).toBeUndefined();
  });

  it("lets the oldest go first when nothing was asked for", () => {
    const tier = memoryTier({ bytes: 10_000, bodyBytes: 10_000, now: testClock().now });
    const keys = Array.from({ length: 8 }, (_, i) => keyOf(`/${String(i)}`));
    for (const key of keys) tier.put(key, responseEntry(noise(1500)), 600);
    const kept = keys.map((key) => tier.get(key) !== undefined);
    expect(kept[0]).toBe(false);
    expect(kept.at(-1)).toBe(true);
    expect(kept).toEqual([...kept].sort());
  });

  it("makes room for a large entry by letting as many small ones go as it takes", () => {
    const budget = 10_000;
    const tier = memoryTier({ bytes: budget, bodyBytes: 9000, now: testClock().now });
    for (let i = 0; i < 12; i++) tier.put(keyOf(`/${String(i)}`), responseEntry("x"), 600);
    tier.put(keyOf("/large"), responseEntry(noise(7000)), 600);
    expect(tier.get(keyOf("/large"))).toBeDefined();
    expect(tier.usedBytes).toBeLessThanOrEqual(budget);
  });

  it("evicts even when every entry was asked for", () => {
    const tier = memoryTier({ bytes: 10_000, bodyBytes: 10_000, now: testClock().now });
    for (let i = 0; i < 50; i++) {
      tier.put(keyOf(`/${String(i)}`), responseEntry(noise(1500)), 600);
      for (let j = 0; j <= i; j++) tier.get(keyOf(`/${String(j)}`));
    }
    expect(tier.get(keyOf("/49"))).toBeDefined();
    expect(tier.usedBytes).toBeLessThanOrEqual(10_000);
  });

  it("has what was put just now, however full it is of what is hot", () => {
    const tier = memoryTier({ bytes: 100_000, bodyBytes: 60_000, now: testClock().now });
    fillHot(tier, 100, 500);
    for (const [i, size] of [10, 1000, 9000, 30_000, 60_000].entries()) {
      tier.put(keyOf(`/new-${String(i)}`), responseEntry(noise(size)), 60);
      expect(tier.get(keyOf(`/new-${String(i)}`))).toBeDefined();
    }
  });

  it("keeps its hot set through any number of things asked for once", () => {
    const tier = memoryTier({ bytes: 1_000_000, bodyBytes: 100_000, now: testClock().now });
    const hot = fillHot(tier, 500, 500);
    for (let i = 0; i < 5000; i++) tier.put(keyOf(`/once-${String(i)}`), responseEntry(noise(500)), 600);
    expect(hot.filter((key) => tier.get(key) === undefined)).toEqual([]);
  });

  it.each([0, 1])("keeps its hot set through large bodies, each asked for again %i times", (again) => {
    const tier = memoryTier({ bytes: 1_000_000, bodyBytes: 100_000, now: testClock().now });
    const hot = fillHot(tier, 500, 500);
    for (let i = 0; i < 100; i++) {
      const large = keyOf(`/large-${String(i)}`);
      tier.put(large, responseEntry(noise(95_000)), 600);
      for (let j = 0; j < again; j++) expect(tier.get(large)).toBeDefined();
    }
    expect(hot.filter((key) => tier.get(key) === undefined)).toEqual([]);
  });

  it("does keep a large body that is hot itself", () => {
    const tier = memoryTier({ bytes: 1_000_000, bodyBytes: 100_000, now: testClock().now });
    fillHot(tier, 500, 500);
    const large = keyOf("/large");
    tier.put(large, responseEntry(noise(90_000)), 600);
    for (let i = 0; i < 3; i++) tier.get(large);
    for (let i = 0; i < 1000; i++) tier.put(keyOf(`/once-${String(i)}`), responseEntry(noise(500)), 600);
    expect(tier.get(large)).toBeDefined();
  });

  it("keeps what comes back soon after it went", () => {
    const tier = memoryTier({ bytes: 1_000_000, bodyBytes: 10_000, now: testClock().now });
    fillHot(tier, 800, 500);
    const others = Array.from({ length: 1000 }, (_, i) => `/other-${String(i)}`).values();
    const put = (name: string): void => tier.put(keyOf(name), responseEntry(noise(500)), 600);
    put("/back");
    while (tier.wasHit(keyOf("/back")) === false) put(others.next().value ?? "");
    put("/back");
    // as many as pushed it out before, and more
    for (let i = 0; i < 300; i++) put(others.next().value ?? "");
    expect(tier.wasHit(keyOf("/back"))).toBe(false);
  });

  it("follows a hot set that changes", () => {
    const tier = memoryTier({ bytes: 200_000, bodyBytes: 10_000, now: testClock().now });
    fillHot(tier, 150, 500);
    const next = Array.from({ length: 50 }, (_, i) => keyOf(`/next-${String(i)}`));
    for (let round = 0; round < 20; round++) {
      for (const key of next) if (!tier.get(key)) tier.put(key, responseEntry(noise(500)), 600);
    }
    expect(next.filter((key) => tier.wasHit(key) !== true)).toEqual([]);
  });

  it("says whether an entry was asked for since it was put", () => {
    const tier = memoryTier({ ...ROOMY, now: testClock().now });
    const key = keyOf("/a");
    expect(tier.wasHit(key)).toBeUndefined();
    tier.put(key, responseEntry("a"), 60);
    expect(tier.wasHit(key)).toBe(false);
    tier.get(key);
    expect(tier.wasHit(key)).toBe(true);
    tier.put(key, responseEntry("b"), 60);
    expect(tier.wasHit(key)).toBe(false);
  });

  type Step =
    | { readonly kind: "put"; readonly key: number; readonly size: number; readonly seconds: number }
    | { readonly kind: "get" | "delete"; readonly key: number }
    | { readonly kind: "reserve"; readonly size: number }
    | { readonly kind: "release" }
    | { readonly kind: "wait"; readonly seconds: number };
  const key = fc.integer({ min: 0, max: 12 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      key,
      size: fc.integer({ min: 0, max: 3000 }),
      seconds: fc.integer({ min: -1, max: 50 }),
    }),
    fc.record({ kind: fc.constantFrom("get" as const, "delete" as const), key }),
    fc.record({ kind: fc.constant("reserve" as const), size: fc.integer({ min: 0, max: 3000 }) }),
    fc.record({ kind: fc.constant("release" as const) }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 20 }) }),
  );

  it("never exceeds its budget, never invents, never outlives: against a model", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const budget = 8000;
        const clock = testClock();
        const tier = memoryTier({ bytes: budget, bodyBytes: 2000, now: clock.now });
        const model = new Map<CacheKey, { entry: Entry; untilMs: number }>();
        const held: (Reservation & { readonly size: number })[] = [];
        const reserved = (): number => held.reduce((sum, { size }) => sum + size, 0);
        // the entries present, by `wasHit`, which changes nothing
        const kept = (): number =>
          [...model].reduce((sum, [k, { entry }]) => sum + (tier.wasHit(k) === undefined ? 0 : weightOf(k, entry)), 0);
        for (const s of steps) {
          if (s.kind === "wait") {
            clock.advance(s.seconds);
            for (const { renew } of held) renew();
            continue;
          }
          const k = keyOf(`/${"key" in s ? String(s.key) : "none"}`);
          if (s.kind === "put") {
            const entry = responseEntry(noise(s.size));
            tier.put(k, entry, s.seconds);
            if (s.size <= 2000 && s.seconds > 0) model.set(k, { entry, untilMs: clock.now() + s.seconds * 1000 });
            else model.delete(k);
            // the entry put last is there, if it fits
            const fits = weightOf(k, entry) + reserved() <= budget - 16 * 8;
            if (model.has(k)) expect(tier.get(k)).toBe(fits ? entry : undefined);
          } else if (s.kind === "reserve") {
            const reservation = tier.reserve(s.size);
            expect(reservation !== undefined).toBe(reserved() + s.size <= (budget - 16 * 8) / 2);
            if (reservation) held.push({ size: s.size, ...reservation });
          } else if (s.kind === "release") {
            const last = held.pop();
            last?.release();
            last?.release();
          } else if (s.kind === "delete") {
            tier.delete(k);
            model.delete(k);
          } else {
            const got = tier.get(k);
            const expected = model.get(k);
            if (got) {
              expect(got).toBe(expected?.entry);
              expect(expected?.untilMs).toBeGreaterThan(clock.now());
            }
          }
          expect(tier.usedBytes).toBeLessThanOrEqual(budget);
          // expired entries still count, and go at the next lookup
          expect(tier.usedBytes).toBeGreaterThanOrEqual(kept() + reserved());
        }
        for (const k of model.keys()) tier.get(k);
        expect(tier.usedBytes).toBe(kept() + reserved());
        for (const { release } of held) release();
        for (let i = 0; i <= 12; i++) tier.delete(keyOf(`/${String(i)}`));
        expect(tier.usedBytes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("hands the same bytes to many readers", async () => {
    const tier = memoryTier({ ...ROOMY, now: testClock().now });
    tier.put(keyOf("/a"), responseEntry("shared"), 60);
    const read = async () => textOf((await found(tier, keyOf("/a"))).body);
    expect(await Promise.all([read(), read(), read()])).toEqual(["shared", "shared", "shared"]);
  });
});

describe("fills under way", () => {
  const roomy = (): MemoryTier => memoryTier({ bytes: 100_000, bodyBytes: 50_000, now: testClock().now });

  it("count in the budget until they are released, once", () => {
    const tier = roomy();
    const first = tier.reserve(10_000);
    const second = tier.reserve(5000);
    expect(tier.usedBytes).toBe(15_000);
    first?.release();
    first?.release();
    expect(tier.usedBytes).toBe(5000);
    second?.release();
    expect(tier.usedBytes).toBe(0);
  });

  it("push out what must go, newcomers first", () => {
    const tier = roomy();
    const hot = fillHot(tier, 50, 500);
    const others = Array.from({ length: 40 }, (_, i) => keyOf(`/other-${String(i)}`));
    for (const key of others) tier.put(key, responseEntry(noise(500)), 600);
    const before = tier.usedBytes;
    expect(before).toBeGreaterThan(80_000);
    expect(tier.reserve(30_000)).toBeDefined();
    expect(tier.usedBytes).toBeLessThanOrEqual(100_000);
    expect(hot.filter((key) => tier.get(key) === undefined)).toEqual([]);
    expect(others.some((key) => tier.wasHit(key) === undefined)).toBe(true);
  });

  it("take half of the budget together, and no more", () => {
    const tier = roomy();
    const first = tier.reserve(40_000);
    expect(first).toBeDefined();
    expect(tier.reserve(20_000)).toBeUndefined();
    expect(tier.usedBytes).toBe(40_000);
    first?.release();
    expect(tier.reserve(20_000)).toBeDefined();
  });

  it("leave no room for what is larger than the rest, and take nothing for it", () => {
    const tier = memoryTier({ bytes: 100_000, bodyBytes: 90_000, now: testClock().now });
    fillHot(tier, 10, 500);
    tier.reserve(40_000);
    const before = tier.usedBytes;
    tier.put(keyOf("/large"), responseEntry(noise(70_000)), 60);
    expect(tier.get(keyOf("/large"))).toBeUndefined();
    expect(tier.usedBytes).toBe(before);
  });

  it("may be kept as soon as they are released", () => {
    const tier = roomy();
    fillHot(tier, 60, 500);
    tier.reserve(49_000)?.release();
    tier.put(keyOf("/filled"), responseEntry(noise(49_000)), 60);
    expect(tier.get(keyOf("/filled"))).toBeDefined();
  });
});
