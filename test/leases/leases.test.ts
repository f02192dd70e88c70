// Owns the proof that the Durable Object keeps leases as its table says: across callers, past crashes and evictions.
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { leaseShard, type Leases } from "../../src/leases/leases.ts";
import { hash64 } from "../../src/http/message/hash.ts";

let counter = 0;
function newLeases(): DurableObjectStub<Leases> {
  counter += 1;
  return env.STRATA_LEASES.getByName(`leases-${String(counter)}`);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** From now on the object's clock is so much later. */
function later(ms: number): void {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockImplementation(() => now);
}

describe("the object of leases", () => {
  it("grants one of many that ask at once, and frees the others with how it ended", async () => {
    const leases = newLeases();
    const names = Array.from({ length: 50 }, (_, i) => `holder-${String(i)}`);
    const taken = await Promise.all(names.map(async (name) => ({ name, got: await leases.take("k", name, 0) })));
    const granted = taken.filter(({ got }) => got.kind === "granted");
    expect(granted).toHaveLength(1);
    const [{ name } = { name: "" }] = granted;
    const others = taken.flatMap(({ got }) => (got.kind === "held" ? [got.holder] : []));
    expect(others).toEqual(Array.from({ length: 49 }, () => name));
    const waiting = others.map((holder) => leases.ended("k", holder, 10_000));
    expect(await leases.release("k", "somebody", "failed")).toBe(false);
    expect(await leases.release("k", name, "stored")).toBe(true);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["stored"]));
  });

  it("frees those who wait for a holder that is gone after what they can wait", async () => {
    const leases = newLeases();
    await leases.take("k", "gone", 0);
    expect(await leases.ended("k", "gone", 5)).toBe("expired");
    expect(await leases.take("k", "next", 0)).toEqual({ kind: "held", holder: "gone" });
  });

  it("grants the lease of a holder that is gone to the next, once it has expired, and takes no late release", async () => {
    const leases = newLeases();
    await leases.take("k", "gone", 0);
    const waiting = leases.ended("k", "gone", 10_000);
    // calls arrive in their order: once this is answered, the other one waits
    await leases.take("k", "next", 0);
    later(30_000);
    expect(await leases.take("k", "next", 0)).toMatchObject({ kind: "granted" });
    // a new lease frees the waiters of the one it replaces
    expect(await waiting).toBe("expired");
    expect(await leases.release("k", "gone", "stored")).toBe(false);
    expect(await leases.take("k", "third", 0)).toEqual({ kind: "held", holder: "next" });
  });

  it("sends one who had looked too early to look again", async () => {
    const leases = newLeases();
    await leases.take("k", "a", 0);
    await leases.release("k", "a", "stored");
    expect(await leases.take("k", "b", 1_000)).toEqual({ kind: "held", holder: "a" });
    expect(await leases.ended("k", "a", 10_000)).toBe("stored");
  });

  it("that was evicted has forgotten its leases: nobody is blocked", async () => {
    const leases = newLeases();
    await leases.take("k", "a", 0);
    await evictDurableObject(leases);
    expect(await leases.take("k", "b", 0)).toMatchObject({ kind: "granted" });
    expect(await leases.release("k", "a", "stored")).toBe(false);
  });

  it("is one of sixteen, which get about the same share of keys each", () => {
    const shares = new Map<string, number>();
    for (let i = 0; i < 16_000; i++) {
      const shard = leaseShard(hash64(`https://shop.test/products/${String(i)}`));
      shares.set(shard, (shares.get(shard) ?? 0) + 1);
    }
    expect(shares.size).toBe(16);
    for (const share of shares.values()) expect(Math.abs(share - 1_000)).toBeLessThan(200);
  });
});
