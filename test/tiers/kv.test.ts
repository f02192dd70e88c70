// Owns the proof that the global tier keeps the contract on the platform's KV, and what it reads and writes there.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { addressOf } from "../../src/tiers/address.ts";
import { encodeFrame } from "../../src/tiers/codec.ts";
import { kvTier } from "../../src/tiers/kv.ts";
import type { Entry } from "../../src/tiers/tier.ts";
import { countedKv } from "../support/kv.ts";
import { bytesOf, keyOf, noise, responseEntry, storedOf } from "../support/stored.ts";
import { tierContract } from "./contract.ts";

tierContract("global", () => kvTier(env.STRATA_KV, { minTtlSeconds: 300 }));

function counted() {
  const kv = countedKv(env.STRATA_KV);
  return { kv, tier: kvTier(kv.kv, { minTtlSeconds: 300 }) };
}

const carrying: Entry = {
  kind: "vary",
  index: { generation: "g", fields: ["x"], variants: [], languages: [] },
  carried: { ...responseEntry("carried", { variant: { x: "1" } }), own: keyOf("/x/1") },
};

describe("global", () => {
  it.each([
    [1, 60],
    [59.9, 60],
    [60, 60],
    [61.7, 61],
    [30 * 24 * 3600, 30 * 24 * 3600],
    [-5, 60],
    [2 ** 40, 2 ** 31 - 1],
  ])("writes %d seconds as expirationTtl %i", async (seconds, expirationTtl) => {
    const { tier, kv } = counted();
    kv.before = (operation) => {
      if (operation === "put") throw new Error("seen");
    };
    await expect(tier.put(keyOf("/ttl"), responseEntry("x"), seconds)).rejects.toThrow("seen");
    expect(kv.writes.map((write) => write.expirationTtl)).toEqual([expirationTtl]);
  });

  it("writes one value under 64 characters, head and body together", async () => {
    const { tier, kv } = counted();
    await tier.put(keyOf(`/${"x".repeat(20_000)}`), responseEntry("body"), 600);
    expect(kv.writes).toHaveLength(1);
    expect(kv.writes[0]?.key).toMatch(/^[0-9a-f]{64}$/);
  });

  it("writes an index and the response that it carries as one value, and reads them as one", async () => {
    const { tier, kv } = counted();
    await tier.put(keyOf("/carrying"), carrying, 600);
    expect(kv.writes).toHaveLength(1);
    expect(await tier.get(keyOf("/carrying"))).toMatchObject({
      ...carrying,
      carried: { own: keyOf("/x/1"), body: { bytes: bytesOf("carried") } },
    });
    expect(kv.reads).toBe(1);
  });

  it("keeps no stream, nor what it would replace", async () => {
    const { tier, kv } = counted();
    const stream = new Blob(["x"]).stream();
    const entry = responseEntry("x");
    await tier.put(keyOf("/stream"), entry, 600);
    await tier.put(keyOf("/stream"), { ...entry, body: { kind: "stream", stream } }, 600);
    expect(kv.writes).toHaveLength(1);
    expect(await tier.get(keyOf("/stream"))).toBeUndefined();
    expect(tier.admits(storedOf({ lifetimeSeconds: 9000 }), { kind: "stream", stream })).toBe(false);
  });

  it("keeps 24 MB, and of more neither it nor what it would replace", async () => {
    const { tier, kv } = counted();
    const most = noise(24 * 2 ** 20);
    await tier.put(keyOf("/most"), responseEntry(most), 600);
    expect((await tier.get(keyOf("/most")))?.kind).toBe("response");
    await tier.put(keyOf("/most"), responseEntry(noise(most.length + 1)), 600);
    expect(kv.writes).toHaveLength(1);
    expect(await tier.get(keyOf("/most"))).toBeUndefined();
  });

  it.each([
    [300, 0, true],
    [299, 0, false],
    [400, 100, true],
    [400, 101, false],
  ])("admits a lifetime of %i s of which %i are over: %s", (lifetimeSeconds, initialAgeSeconds, admitted) => {
    const { body } = responseEntry("x");
    expect(counted().tier.admits(storedOf({ lifetimeSeconds, initialAgeSeconds }), body)).toBe(admitted);
  });

  it("passes a failure of the platform on, for the guard to catch", async () => {
    const { tier, kv } = counted();
    kv.before = () => Promise.reject(new Error("KV is down"));
    await expect(tier.get(keyOf("/a"))).rejects.toThrow("KV is down");
    await expect(tier.head?.(keyOf("/a"))).rejects.toThrow("KV is down");
  });
});

describe("global: a look", () => {
  it("sees what lies there without its bytes, for one read", async () => {
    const { tier, kv } = counted();
    const entry = responseEntry(noise(500_000), { etag: '"e"', fence: { incarnation: "log", seq: 7 } });
    await tier.put(keyOf("/look"), entry, 600);
    await tier.put(keyOf("/look/index"), carrying, 600);
    expect(await tier.head?.(keyOf("/look"))).toEqual({ kind: "response", stored: entry.stored });
    expect(await tier.head?.(keyOf("/look/index"))).toMatchObject({
      index: carrying.index,
      carried: { own: keyOf("/x/1") },
    });
    expect(await tier.head?.(keyOf("/look/nothing"))).toEqual({ kind: "nothing" });
    expect(kv.reads).toBe(3);
  });

  it("reads a head that comes in small pieces, and leaves the rest", async () => {
    const entry = responseEntry(noise(1000));
    const frame = encodeFrame(entry, noise(1000), await addressOf(keyOf("/a")));
    let sent = 0;
    let isCancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(frame.slice(sent, sent + 7));
        sent += 7;
      },
      cancel() {
        isCancelled = true;
      },
    });
    const { kv } = countedKv(env.STRATA_KV);
    const { head } = kvTier({ ...kv, get: () => Promise.resolve<never>(stream as never) }, { minTtlSeconds: 300 });
    expect(await head?.(keyOf("/a"))).toEqual({ kind: "response", stored: entry.stored });
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(frame.length - 900);
  });

  it.each([
    ["an empty value", new Uint8Array(0)],
    ["three bytes", bytesOf("abc")],
    ["another program's text", bytesOf("a value of another program, longer than its first four bytes say or not")],
    ["another program's JSON", bytesOf('{"v":1,"kind":"response"}')],
    ["noise", noise(5000)],
    ["half a head", encodeFrame(responseEntry(""), new Uint8Array(0), "f00d").slice(0, 100)],
  ])("takes %s for nothing", async (name, value) => {
    const { tier } = counted();
    await env.STRATA_KV.put(await addressOf(keyOf(`/odd/${name}`)), value);
    expect(await tier.head?.(keyOf(`/odd/${name}`))).toEqual({ kind: "nothing" });
  });
});
