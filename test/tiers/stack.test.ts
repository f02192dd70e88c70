// Owns the proof that the tiers act as one: order, promotion, variants, what is stored where.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../src/tiers/colo.ts";
import type { CacheSlot } from "../../src/tiers/tier.ts";
import { barrier } from "../support/barrier.ts";
import { NOON_MS } from "../support/clock.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { testStack, type TestStack } from "../support/stack.ts";
import { bytesOf, keyOf, noise, responseEntry, storedOf, textOf } from "../support/stored.ts";

const tiers = () => [mapTier("colo"), mapTier("global")] as const;
const lang = (value: string) => ({ "accept-language": value });
const german = { variant: lang("de") };

async function bodyOf(stack: TestStack, slot: CacheSlot): Promise<string | undefined> {
  const { found } = await stack.lookup(slot);
  return found && textOf(found.body);
}

describe("stack: lookup", () => {
  it("answers from memory without a promise and without asking anybody else", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("a"));
    const lookup = s.stack.lookup(
      s.slot("/a"),
      () => true,
      () => undefined,
    );
    expect(lookup).not.toBeInstanceOf(Promise);
    expect(lookup).toMatchObject({ found: { tier: "memory" } });
    expect([colo.calls.get, global.calls.get]).toEqual([0, 0]);
  });

  it("finds nothing where nothing is, and says so", async () => {
    const s = testStack([...tiers()]);
    expect(await s.lookup(s.slot("/a"))).toEqual({ found: undefined, absence: "uri-miss", index: undefined });
  });

  it("asks the near tier before the far one, and not the far one when the near one has it", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    colo.entries.set(keyOf("/a"), responseEntry("near"));
    global.entries.set(keyOf("/a"), responseEntry("far"));
    expect(await bodyOf(s, s.slot("/a"))).toBe("near");
    expect(global.calls.get).toBe(0);
  });

  it("promotes what a far tier had into every nearer one, once", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    global.entries.set(keyOf("/a"), responseEntry("far"));
    expect((await s.lookup(s.slot("/a"))).found?.tier).toBe("global");
    expect(s.memory.get(keyOf("/a"))).toBeDefined();
    expect(colo.entries.has(keyOf("/a"))).toBe(true);
    expect(global.calls.put).toBe(0);
    expect((await s.lookup(s.slot("/a"))).found?.tier).toBe("memory");
  });

  it("asks on past what is not enough, and takes the youngest in the end", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    s.memory.put(keyOf("/a"), responseEntry("middle", { receivedAtMs: NOON_MS + 1 }), 60);
    colo.entries.set(keyOf("/a"), responseEntry("youngest", { receivedAtMs: NOON_MS + 2 }));
    global.entries.set(keyOf("/a"), responseEntry("oldest", { receivedAtMs: NOON_MS }));
    const { found } = await s.lookup(s.slot("/a"), () => false);
    expect(found && (await textOf(found.body))).toBe("youngest");
    expect(global.calls.get).toBe(1);
    expect(colo.calls.put).toBe(0);
  });

  it("stops at the first that is enough", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    s.memory.put(keyOf("/a"), responseEntry("old", { etag: '"old"' }), 60);
    colo.entries.set(keyOf("/a"), responseEntry("new", { etag: '"new"', receivedAtMs: NOON_MS + 1 }));
    const { found } = await s.lookup(s.slot("/a"), ({ etag }) => etag === '"new"');
    expect(found?.tier).toBe("colo");
    expect(global.calls.get).toBe(0);
  });

  it("asks the global tier only where the rule admits it", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    global.entries.set(keyOf("/a"), responseEntry("far"));
    expect((await s.lookup(s.slot("/a", {}, { global: false }))).found).toBeUndefined();
    await s.stack.store(s.slot("/b", {}, { global: false }), storedOf(), bytesOf("b"));
    expect(colo.entries.has(keyOf("/b"))).toBe(true);
    expect([global.calls.get, global.calls.put]).toEqual([0, 0]);
  });

  it("does not let a promotion replace what was stored in the meantime", async () => {
    const [, global] = tiers();
    const s = testStack([global]);
    const slow = barrier();
    global.entries.set(keyOf("/a"), responseEntry("old"));
    global.beforeGet = () => slow.passed;
    const lookup = s.lookup(s.slot("/a"));
    await s.stack.store(s.slot("/a"), storedOf({ receivedAtMs: NOON_MS + 1000 }), bytesOf("new"));
    global.entries.set(keyOf("/a"), responseEntry("old"));
    slow.open();
    await lookup;
    const now = s.memory.get(keyOf("/a"));
    expect(now?.kind === "response" && (await textOf(now.body))).toBe("new");
  });

  it.each([
    ["colo", 5, 4],
    ["global", 4, 5],
  ] as const)(
    "takes what was fetched with the newer view of the purge log, before what came later: %s",
    async (tier, near, far) => {
      const [colo, global] = tiers();
      const s = testStack([colo, global]);
      const fenced = (seq: number) => ({ fence: { incarnation: "first", seq } });
      // whichever has the older fence was received later
      const later = { receivedAtMs: NOON_MS + 1000 };
      colo.entries.set(keyOf("/a"), responseEntry("colo", { ...fenced(near), ...(near < far ? later : {}) }));
      global.entries.set(keyOf("/a"), responseEntry("global", { ...fenced(far), ...(far < near ? later : {}) }));
      const { found } = await s.lookup(s.slot("/a"), () => false);
      expect(found?.tier).toBe(tier);
      expect(s.memory.get(keyOf("/a"))).toMatchObject({ stored: fenced(5) });
    },
  );

  it("goes by the time received between incarnations of the log, which have no order", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    colo.entries.set(keyOf("/a"), responseEntry("colo", { fence: { incarnation: "lost", seq: 9 } }));
    global.entries.set(keyOf("/a"), responseEntry("global", { receivedAtMs: NOON_MS + 1 }));
    expect((await s.lookup(s.slot("/a"), () => false)).found?.tier).toBe("global");
  });

  it("lets the stream of an older find go when a younger one is found", async () => {
    const [colo, global] = tiers();
    const gone = barrier<unknown>();
    const stream = new ReadableStream<Uint8Array>({ cancel: gone.open });
    colo.get = () => ({ ...responseEntry("older"), body: { kind: "stream", stream } });
    global.entries.set(keyOf("/a"), responseEntry("younger", { receivedAtMs: NOON_MS + 1 }));
    const s = testStack([colo, global]);
    const { found } = await s.lookup(s.slot("/a"), () => false);
    expect(found?.tier).toBe("global");
    const late = new Promise((resolve) => setTimeout(resolve, 0, "still open"));
    expect(await Promise.race([gone.passed, late])).toBeUndefined();
  });
});

describe("stack: store", () => {
  it("is in memory before the far tiers have it", async () => {
    const [colo] = tiers();
    const slow = barrier();
    colo.beforePut = () => slow.passed;
    const s = testStack([colo]);
    const stored = s.stack.store(s.slot("/a"), storedOf(), bytesOf("a"));
    expect(s.memory.get(keyOf("/a"))).toBeDefined();
    slow.open();
    await stored;
    expect(colo.entries.has(keyOf("/a"))).toBe(true);
  });

  it("records the length of the body", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("four"));
    expect(colo.entries.get(keyOf("/a"))).toMatchObject({ stored: { bodyLength: 4 } });
  });

  it("puts a stream into the colo only, and drops what memory would answer instead", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("old"));
    const puts = global.calls.put;
    await s.stack.storeStream(s.slot("/a"), storedOf({ receivedAtMs: NOON_MS + 1 }), {
      kind: "stream",
      stream: new Blob(["new"]).stream(),
    });
    expect(s.memory.get(keyOf("/a"))).toBeUndefined();
    expect(global.calls.put).toBe(puts);
    expect(await bodyOf(s, s.slot("/a"))).toBe("new");
  });

  it("keeps nothing of a stream that errors", async () => {
    const cache = await caches.open("stack-broken");
    const s = testStack([coloTier(() => Promise.resolve(cache), 1000)]);
    const { readable, writable } = new IdentityTransformStream();
    const whole = Promise.withResolvers<number>();
    const body = { kind: "stream", stream: readable, whole: whole.promise } as const;
    const kept = s.stack.storeStream(s.slot("/a"), storedOf(), body);
    const writer = writable.getWriter();
    await writer.write(noise(1_500_000));
    whole.reject(new Error("the origin broke off"));
    await writer.abort(new Error("the origin broke off"));
    await kept;
    expect((await s.lookup(s.slot("/a"))).found).toBeUndefined();
  });
});

describe("stack: variants", () => {
  it("keeps one answer for each value of what a response varies on", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    await s.stack.store(s.slot("/a", lang("de")), storedOf(german), bytesOf("hallo"));
    const { index, found, absence } = await s.lookup(s.slot("/a", lang("fr")));
    expect({ found, absence }).toEqual({ found: undefined, absence: "vary-miss" });
    expect(index?.fields).toEqual(["accept-language"]);
    await s.stack.store(s.slot("/a", lang("fr"), { index }), storedOf({ variant: lang("fr") }), bytesOf("bonjour"));
    expect(await bodyOf(s, s.slot("/a", lang("de")))).toBe("hallo");
    expect(await bodyOf(s, s.slot("/a", lang("fr")))).toBe("bonjour");
    expect(await bodyOf(s, s.slot("/a"))).toBeUndefined();
  });

  it("finds variants in lower tiers and promotes them with their index", async () => {
    const [colo, global] = tiers();
    const first = testStack([colo, global]);
    await first.stack.store(first.slot("/a", lang("de")), storedOf(german), bytesOf("hallo"));
    colo.entries.clear();
    const second = testStack([colo, global]);
    expect((await second.lookup(second.slot("/a", lang("de")))).found?.tier).toBe("global");
    expect((await second.lookup(second.slot("/a", lang("de")))).found?.tier).toBe("memory");
    expect(colo.entries.get(keyOf("/a"))?.kind).toBe("vary");
    expect((await second.lookup(second.slot("/a", lang("fr")))).found).toBeUndefined();
  });

  it("keeps both of two variants that were filled at the same time", async () => {
    const s = testStack([]);
    const [de, fr] = [s.slot("/a", lang("de")), s.slot("/a", lang("fr"))];
    await s.stack.store(de, storedOf(german), bytesOf("hallo"));
    await s.stack.store(fr, storedOf({ variant: lang("fr") }), bytesOf("bonjour"));
    expect(await bodyOf(s, s.slot("/a", lang("de")))).toBe("hallo");
    expect(await bodyOf(s, s.slot("/a", lang("fr")))).toBe("bonjour");
  });

  it("learns a second field without mixing up what it knew", async () => {
    const s = testStack([]);
    await s.stack.store(s.slot("/a", lang("de")), storedOf(german), bytesOf("hallo"));
    const { index } = await s.lookup(s.slot("/a", { ...lang("de"), "x-geo": "at" }), () => false);
    const both = { ...lang("de"), "x-geo": "at" };
    await s.stack.store(s.slot("/a", both, { index }), storedOf({ variant: both }), bytesOf("servus"));
    expect(await bodyOf(s, s.slot("/a", both))).toBe("servus");
    expect(await bodyOf(s, s.slot("/a", { ...lang("de"), "x-geo": "ch" }))).not.toBe("servus");
  });

  it("keeps at most 16 variants of a resource", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    for (let i = 0; i < 40; i++) {
      const fields = lang(`l${String(i)}`);
      const { index } = await s.lookup(s.slot("/a", fields));
      await s.stack.store(s.slot("/a", fields, { index }), storedOf({ variant: fields }), bytesOf("x"));
    }
    const index = colo.entries.get(keyOf("/a"));
    expect(index?.kind === "vary" && index.index.variants.length).toBe(16);
    expect(colo.entries.size).toBe(17);
    expect(await bodyOf(s, s.slot("/a", lang("l39")))).toBe("x");
    expect(await bodyOf(s, s.slot("/a", lang("l0")))).toBeUndefined();
  });

  it("keeps at most 16 variants also when they are all filled at the same time", async () => {
    const s = testStack([]);
    const places = Array.from({ length: 40 }, (_, i) => s.slot("/a", lang(`l${String(i)}`)));
    const stores = places.map((slot, i) =>
      s.stack.store(slot, storedOf({ variant: lang(`l${String(i)}`) }), bytesOf("x")),
    );
    await Promise.all(stores);
    const found = await Promise.all(places.map((slot) => bodyOf(s, slot)));
    expect(found.filter((body) => body === "x")).toHaveLength(16);
  });
});

describe("stack: which variants are kept", () => {
  const named = (name: string | number) => lang(`l${String(name)}`);

  async function storeAll(s: TestStack, names: readonly (string | number)[], maxVariants = 16): Promise<void> {
    for (const name of names) {
      const { index } = await s.lookup(s.slot("/a", named(name)), () => false);
      const slot = s.slot("/a", named(name), { index, maxVariants });
      await s.stack.store(slot, storedOf({ variant: named(name) }), bytesOf(String(name)));
    }
  }

  async function keptOf(s: TestStack, names: readonly (string | number)[]): Promise<readonly (string | number)[]> {
    const bodies = await Promise.all(names.map((name) => bodyOf(s, s.slot("/a", named(name)))));
    return names.filter((_, i) => bodies[i] !== undefined);
  }

  it("of those never hit the oldest goes", async () => {
    const s = testStack([]);
    await storeAll(s, [0, 1, 2, 3], 4);
    expect(await bodyOf(s, s.slot("/a", named(0)))).toBe("0");
    await storeAll(s, ["new"], 4);
    expect(await keptOf(s, [0, 1, 2, 3, "new"])).toEqual([0, 2, 3, "new"]);
  });

  it("where all were hit, the one hit longest ago goes; the new one is not written to the global tier", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    await storeAll(s, [0, 1], 2);
    expect(await keptOf(s, [1, 0])).toEqual([1, 0]);
    await storeAll(s, ["new"], 2);
    // in the global tier the index carries one of them
    expect([colo.entries.size, global.entries.size]).toEqual([3, 2]);
    global.entries.clear();
    expect(await keptOf(s, [0, 1, "new"])).toEqual([0, "new"]);
  });

  it("one that makes the resource vary on too many fields is not kept, nor does its stream stay open", async () => {
    const s = testStack(tiers());
    await storeAll(s, [0]);
    const variant = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`x-${String(i)}`, "1"]));
    const gone = barrier<unknown>();
    const stream = new ReadableStream<Uint8Array>({ cancel: gone.open });
    await s.stack.storeStream(s.slot("/a", variant), storedOf({ variant }), { kind: "stream", stream });
    await gone.passed;
    expect(await keptOf(s, [0])).toEqual([0]);
  });

  it("a variant that is stored again counts as new, and takes no other's room", async () => {
    const s = testStack([]);
    await storeAll(s, [0, 1, 2, 0], 3);
    expect(await keptOf(s, [0, 1, 2])).toEqual([0, 1, 2]);
    const again = testStack([]);
    await storeAll(again, [0, 1, 2, 0, "new"], 3);
    expect(await keptOf(again, [0, 1, 2, "new"])).toEqual([0, 2, "new"]);
  });

  it("a lower cap takes effect with the next store", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    await storeAll(s, [0, 1, 2, 3, 4]);
    await storeAll(s, ["new"], 2);
    expect(await keptOf(s, [0, 1, 2, 3, 4, "new"])).toEqual([4, "new"]);
    expect(colo.entries.size).toBe(3);
  });

  it("a promotion takes no room from what was hit", async () => {
    const [colo] = tiers();
    const first = testStack([colo]);
    await storeAll(first, [0, 1], 2);
    const second = testStack([colo]);
    for (let i = 0; i < 2; i++) expect(await keptOf(second, [0, 1])).toEqual([0, 1]);
    expect((await second.lookup(second.slot("/a", named(0)))).found?.tier).toBe("memory");
  });
});

describe("stack: languages", () => {
  const inGerman = { ...german, headers: [["content-language", "de"]] } satisfies Parameters<typeof storedOf>[0];

  it.each(["memory", "colo", "global"] as const)("are found in %s by who likes them best", async (name) => {
    const [colo, global] = tiers();
    const first = testStack([colo, global]);
    await first.stack.store(first.slot("/a", lang("de")), storedOf(inGerman), bytesOf("hallo"));
    if (name === "global") colo.entries.clear();
    for (const [accepted, body] of [
      ["fr;q=0.5, de", "hallo"],
      ["fr, de;q=0.5", undefined],
      ["de, fr", undefined],
      ["*", undefined],
    ] as const) {
      const s = name === "memory" ? first : testStack([colo, global]);
      const { found } = await s.lookup(s.slot("/a", lang(accepted)));
      expect(found && (await textOf(found.body)), accepted).toBe(body);
      if (found) expect(found.tier).toBe(name);
    }
  });

  it("are promoted under what selected them", async () => {
    const [colo] = tiers();
    const first = testStack([colo]);
    await first.stack.store(first.slot("/a", lang("de")), storedOf(inGerman), bytesOf("hallo"));
    const second = testStack([colo]);
    await second.lookup(second.slot("/a", lang("fr;q=0.5, de")));
    for (const accepted of ["fr;q=0.5, de", "de"])
      expect((await second.lookup(second.slot("/a", lang(accepted)))).found?.tier, accepted).toBe("memory");
    const index = second.memory.get(keyOf("/a"));
    expect(index?.kind === "vary" && index.index.variants.length).toBe(1);
  });

  it("do not outlive an invalidation", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    await s.stack.store(s.slot("/a", lang("de")), storedOf(inGerman), bytesOf("hallo"));
    await s.stack.invalidate(keyOf("/a"));
    expect(await bodyOf(s, s.slot("/a", lang("fr;q=0.5, de")))).toBeUndefined();
  });
});

describe("stack: invalidation", () => {
  it("forgets a resource in every tier", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("a"));
    await s.stack.store(s.slot("/b"), storedOf(), bytesOf("b"));
    await s.stack.invalidate(keyOf("/a"));
    expect(await bodyOf(s, s.slot("/a"))).toBeUndefined();
    expect([colo, global].map(({ entries }) => entries.has(keyOf("/a")))).toEqual([false, false]);
    expect(await bodyOf(s, s.slot("/b"))).toBe("b");
  });

  it("forgets all variants, also once a new index is made", async () => {
    const [colo] = tiers();
    const s = testStack([colo]);
    await s.stack.store(s.slot("/a", lang("de")), storedOf(german), bytesOf("hallo"));
    await s.stack.invalidate(keyOf("/a"));
    await s.stack.store(s.slot("/a", lang("fr")), storedOf({ variant: lang("fr") }), bytesOf("bonjour"));
    expect(await bodyOf(s, s.slot("/a", lang("de")))).toBeUndefined();
  });

  it("wins over a fill that began before it, and not over one that began after", async () => {
    const s = testStack([]);
    const before = s.slot("/a");
    await s.stack.invalidate(keyOf("/a"));
    await s.stack.store(before, storedOf(), bytesOf("old"));
    expect(await bodyOf(s, s.slot("/a"))).toBeUndefined();
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("new"));
    expect(await bodyOf(s, s.slot("/a"))).toBe("new");
  });

  it("wins over a promotion that was under way", async () => {
    const [colo, global] = tiers();
    const s = testStack([colo, global]);
    const slow = barrier();
    const reached = barrier();
    global.entries.set(keyOf("/a"), responseEntry("old"));
    global.beforeGet = () => {
      reached.open();
      return slow.passed;
    };
    const entry = global.entries.get(keyOf("/a"));
    const lookup = s.lookup(s.slot("/a"));
    await reached.passed;
    await s.stack.invalidate(keyOf("/a"));
    if (entry) global.entries.set(keyOf("/a"), entry);
    slow.open();
    await lookup;
    expect(s.memory.get(keyOf("/a"))).toBeUndefined();
    expect(colo.entries.has(keyOf("/a"))).toBe(false);
  });
});
