// Owns the proof that a stored response that has ended is gone from every tier, and that nothing newer goes with it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Stored } from "../../src/http/law/stored.ts";
import { endedResponses } from "../../src/tiers/ended-responses.ts";
import { barrier } from "../support/barrier.ts";
import { NOON_MS } from "../support/clock.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { testStack } from "../support/stack.ts";
import { bytesOf, keyOf, storedOf } from "../support/stored.ts";

const DE = { "accept-language": "de" };
const later = (ms: number): Partial<Stored> => ({ receivedAtMs: NOON_MS + ms });

describe("the memory of endings", () => {
  const moment = fc.record({ receivedAtMs: fc.nat(5), seq: fc.nat(2), v: fc.constantFrom("1", "2") });

  it("covers what ended and all that is older of that variant, and nothing newer or other", () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 6 }), moment, (ended, asked) => {
        const memory = endedResponses();
        const stored = ({ receivedAtMs, seq, v }: typeof asked): Stored =>
          storedOf({ receivedAtMs, fence: { incarnation: "a", seq }, variant: { "x-v": v } });
        for (const each of ended) memory.record(keyOf("/a"), stored(each));
        const order = ({ seq, receivedAtMs }: typeof asked): number => seq * 10 + receivedAtMs;
        const covered = ended.some((each) => each.v === asked.v && order(each) >= order(asked));
        expect(memory.includes(keyOf("/a"), stored(asked))).toBe(covered);
        expect(memory.includes(keyOf("/b"), stored(asked))).toBe(false);
      }),
    );
  });

  it("ends with a new response of that variant, even of the same moment", () => {
    const memory = endedResponses();
    for (const v of ["1", "2"]) memory.record(keyOf("/a"), storedOf({ variant: { "x-v": v } }));
    memory.supersede(keyOf("/a"), storedOf({ variant: { "x-v": "1" } }));
    const covered = ["1", "2"].map((v) => memory.includes(keyOf("/a"), storedOf({ variant: { "x-v": v } })));
    expect(covered).toEqual([false, true]);
  });

  it("is bounded", () => {
    const memory = endedResponses();
    for (let i = 0; i < 10_001; i++) memory.record(keyOf(`/${String(i)}`), storedOf());
    expect([0, 1, 10_000].map((i) => memory.includes(keyOf(`/${String(i)}`), storedOf()))).toEqual([false, true, true]);
  });
});

describe("stack: drop", () => {
  it.each([
    ["one response", {}],
    ["a variant", DE],
  ])("takes %s out of memory at once, and out of the other tiers", async (_, variant) => {
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    const s = testStack([colo, global]);
    await s.stack.store(s.slot("/a", variant), storedOf({ variant }), bytesOf("old"));
    const { index, found } = await s.lookup(s.slot("/a", variant));
    const dropped = s.stack.drop(s.slot("/a", variant, { index }), found?.stored ?? storedOf());
    expect(found).toBeDefined();
    expect(
      s.stack.lookup(
        s.slot("/a", variant),
        () => true,
        () => undefined,
      ),
    ).toBeInstanceOf(Promise);
    await dropped;
    expect([...colo.entries.values(), ...global.entries.values()].filter(({ kind }) => kind === "response")).toEqual(
      [],
    );
    expect((await s.lookup(s.slot("/a", variant))).found).toBeUndefined();
    // a new one is not the one that ended, also where it came in the same moment
    await s.stack.store(s.slot("/a", variant, { index }), storedOf({ variant }), bytesOf("new"));
    s.memory.delete(keyOf("/a"));
    expect((await s.lookup(s.slot("/a", variant))).found).toBeDefined();
    expect((await s.lookup(s.slot("/a", variant))).found?.tier).toBe("memory");
  });

  it.each([
    ["colo", "one response", {}],
    ["global", "one response", {}],
    ["colo", "a variant", DE],
    ["global", "a variant", DE],
  ] as const)("leaves in %s what another isolate has stored meanwhile: %s", async (name, _, variant) => {
    const tier = mapTier(name);
    const s = testStack([tier]);
    await s.stack.store(s.slot("/a", variant), storedOf({ variant }), bytesOf("old"));
    const { index, found } = await s.lookup(s.slot("/a", variant));
    const other = testStack([tier]);
    const there = await other.lookup(other.slot("/a", variant), () => false);
    await other.stack.store(
      other.slot("/a", variant, { index: there.index }),
      storedOf({ variant, ...later(5000) }),
      bytesOf("new"),
    );
    await s.stack.drop(s.slot("/a", variant, { index }), found?.stored ?? storedOf());
    expect((await s.lookup(s.slot("/a", variant))).found?.stored.receivedAtMs).toBe(NOON_MS + 5000);
  });

  it("leaves a newer one in memory, and with it all tiers as they are", async () => {
    const colo = mapTier("colo");
    const s = testStack([colo]);
    await s.stack.store(s.slot("/a"), storedOf(), bytesOf("old"));
    await s.stack.store(s.slot("/a"), storedOf(later(1)), bytesOf("new"));
    await s.stack.drop(s.slot("/a"), storedOf());
    expect(s.memory.get(keyOf("/a"))).toBeDefined();
    expect(colo.calls.delete).toBe(0);
  });

  it("leaves the index that has taken the slot of what varied on nothing", async () => {
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    const s = testStack([colo, global]);
    await s.stack.store(s.slot("/a", DE), storedOf({ variant: DE }), bytesOf("hallo"));
    await s.stack.drop(s.slot("/a", DE), storedOf());
    expect((await s.lookup(s.slot("/a", DE))).found).toBeDefined();
    expect([colo, global].map(({ entries }) => entries.get(keyOf("/a"))?.kind)).toEqual(["vary", "vary"]);
  });

  it("wins over a write to the global tier that was about to be made", async () => {
    const global = mapTier("global");
    const [paused, reached] = [barrier(), barrier()];
    const s = testStack([global], 1000, () => {
      reached.open();
      return paused.passed;
    });
    const storing = s.stack.store(s.slot("/a"), storedOf(), bytesOf("old"));
    await reached.passed;
    await s.stack.drop(s.slot("/a"), storedOf());
    paused.open();
    await storing;
    expect(global.entries.size).toBe(0);
  });

  it("costs the global tier nothing where the rule does not admit it", async () => {
    const global = mapTier("global");
    const s = testStack([global]);
    await s.stack.drop(s.slot("/a", {}, { global: false }), storedOf());
    expect(global.calls).toEqual({ get: 0, put: 0, delete: 0, look: 0 });
  });
});
