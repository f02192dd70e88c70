// Owns the proof that the global tier keeps the contract on the platform's KV, and what it writes there.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { encodeFrame, FORMAT_VERSION } from "../../src/tiers/codec.ts";
import { type KvLike, kvTier } from "../../src/tiers/kv.ts";
import { bytesOf, keyOf, responseEntry, storedOf } from "../support/stored.ts";
import { tierContract } from "./contract.ts";

tierContract("global", () => kvTier(env.STRATA_KV, { minTtlSeconds: 300 }));

function recorded() {
  const puts: { readonly key: string; readonly bytes: number; readonly expirationTtl: number }[] = [];
  const kv: KvLike & { held: ArrayBuffer | null } = {
    held: null,
    get: () => Promise.resolve(kv.held),
    put(key, value, { expirationTtl }) {
      puts.push({ key, bytes: value.byteLength, expirationTtl });
      return Promise.resolve();
    },
    delete: () => Promise.resolve(),
  };
  return { kv, puts, tier: kvTier(kv, { minTtlSeconds: 300 }) };
}

describe("global", () => {
  it.each([
    [1, 60],
    [59.9, 60],
    [60, 60],
    [61.7, 61],
    [30 * 24 * 3600, 30 * 24 * 3600],
  ])("writes %d seconds as expirationTtl %i", async (seconds, expirationTtl) => {
    const { tier, puts } = recorded();
    await tier.put(keyOf("/a"), responseEntry("x"), seconds);
    expect(puts.map((put) => put.expirationTtl)).toEqual([expirationTtl]);
  });

  it("writes one value under 64 characters, head and body together", async () => {
    const { tier, puts } = recorded();
    await tier.put(keyOf(`/${"x".repeat(20_000)}`), responseEntry("body"), 600);
    expect(puts).toHaveLength(1);
    expect(puts[0]?.key).toMatch(/^[0-9a-f]{64}$/);
  });

  it("keeps no stream", async () => {
    const { tier, puts } = recorded();
    const stream = new Blob(["x"]).stream();
    const entry = responseEntry("x");
    await tier.put(keyOf("/a"), { ...entry, body: { kind: "stream", stream } }, 600);
    expect(puts).toEqual([]);
    expect(tier.admits(storedOf({ lifetimeSeconds: 9000 }), { kind: "stream", stream })).toBe(false);
  });

  it.each([
    [300, 0, true],
    [299, 0, false],
    [400, 100, true],
    [400, 101, false],
  ])("admits a lifetime of %i s of which %i are over: %s", (lifetimeSeconds, initialAgeSeconds, admitted) => {
    const { tier } = recorded();
    const { body } = responseEntry("x");
    expect(tier.admits(storedOf({ lifetimeSeconds, initialAgeSeconds }), body)).toBe(admitted);
  });

  it("takes what it did not write, or only half, for a miss", async () => {
    const { tier, kv } = recorded();
    const frame = encodeFrame(responseEntry("body"), bytesOf("body"));
    kv.held = frame.buffer;
    expect(await tier.get(keyOf("/a"))).toBeDefined();
    const future = new TextDecoder().decode(frame).replace(`"v":${String(FORMAT_VERSION)}`, '"v":9');
    const foreign = ["", "abc", "a value of another program", '{"v":1}', future];
    for (const held of [...foreign.map((text) => bytesOf(text).buffer), frame.slice(0, -1).buffer]) {
      kv.held = held;
      expect(await tier.get(keyOf("/a"))).toBeUndefined();
    }
  });

  it("passes a failure of the platform on, for the guard to catch", async () => {
    const { tier, kv } = recorded();
    kv.get = () => Promise.reject(new Error("KV is down"));
    await expect(tier.get(keyOf("/a"))).rejects.toThrow("KV is down");
  });
});
