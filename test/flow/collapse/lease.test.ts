// Owns the proof that a leader under `collapse: "global"` acquires the lease, waits for another isolate's, and never fails without one.
import { describe, expect, it, vi } from "vitest";
import type { LeaseEnding, LeaseKeeper } from "../../../src/leases/lease-keeper.ts";
import type { CacheSlot, Tier } from "../../../src/tiers/tier.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { noise } from "../../support/stored.ts";
import { edgeWith, scripted, sharedTier } from "../../support/scripted-leases.ts";

const CACHED = { "cache-control": "max-age=600" };
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const held = (ended: () => Promise<LeaseEnding>): Partial<LeaseKeeper> => ({
  take: () => Promise.resolve({ kind: "held", holder: "other" }),
  ended,
});

async function many(e: TestEdge, count: number, path = "/a"): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, async () => (await e.get(path)).text()));
}

describe("a lease that is granted", () => {
  it("is acquired once for all followers of this isolate, by the key's hash, and released as stored", async () => {
    const { keeper, calls, hashes } = scripted();
    const e = edgeWith(keeper);
    expect(new Set(await many(e, 20))).toEqual(new Set(["x"]));
    await e.idle();
    expect(e.asked).toHaveLength(1);
    expect(calls).toEqual(["take", "release stored"]);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
    await e.text("/a");
    expect(calls).toHaveLength(2);
  });

  it("is released only once every tier has the response; followers in this isolate do not wait for that", async () => {
    const { keeper, calls } = scripted();
    const written = barrier();
    const slow: Tier = { ...sharedTier(), put: () => written.passed };
    const e = edgeWith(keeper, { lower: [slow] });
    expect(await many(e, 5)).toHaveLength(5);
    await turns(200);
    expect(calls).toEqual(["take"]);
    written.open();
    await e.idle();
    expect(calls).toEqual(["take", "release stored"]);
  });

  it("does not wait for a slow client", async () => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper, { origin: () => answer("x".repeat(100_000), CACHED) });
    const response = await e.get("/a");
    await vi.waitFor(() => expect(calls).toEqual(["take", "release stored"]));
    await response.text();
    await e.idle();
  });

  it.each<[string, Origin, string]>([
    ["a private answer", () => answer("x", { "cache-control": "private" }), "release unshared"],
    ["no answer", () => Promise.reject(new Error("refused")), "release failed"],
    ["an error", () => answer("down", {}, 503), "release unshared"],
    [
      "a body that breaks off",
      () =>
        answer(new ReadableStream({ pull: (c) => c.error(new Error("reset")) }), { ...CACHED, "content-length": "5" }),
      "release failed",
    ],
  ])("is released at once with %s", async (_, origin, released) => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper, { origin });
    await (await e.get("/a")).text().catch(() => "broke off");
    await e.idle();
    expect(calls).toEqual(["take", released]);
  });

  it("is not acquired again while the key is marked as unstorable", async () => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper, { origin: () => answer("x", { "cache-control": "no-store" }) });
    await e.text("/a");
    await e.text("/a");
    expect(calls).toEqual(["take", "release unshared"]);
    expect(e.asked).toHaveLength(2);
  });

  it("is released with a 304, and when a fault of the edge ends the fetch", async () => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper, { origin: () => answer("v1", { "cache-control": "max-age=1", etag: '"1"' }) });
    await e.text("/a");
    e.passes(5);
    e.origin = () => answer(null, { ...CACHED, etag: '"1"' }, 304);
    await e.text("/a");
    expect(calls).toEqual(["take", "release stored", "take", "release stored"]);
    const store = vi.spyOn(e.edge.origin.breakers, "admit").mockImplementation(() => {
      throw new Error("a fault of ours");
    });
    await expect(e.get("/b")).rejects.toThrow("a fault of ours");
    await e.idle();
    store.mockRestore();
    expect(calls.slice(4)).toEqual(["take", "release unshared"]);
  });

  it("makes its store the only one, and tells the tiers", async () => {
    const { keeper } = scripted();
    const e = edgeWith(keeper);
    const slots: CacheSlot[] = [];
    const { stack } = e.edge;
    vi.spyOn(stack, "store").mockImplementation((slot) => {
      slots.push(slot);
      return Promise.resolve();
    });
    await e.text("/a");
    expect(slots.map(({ sole }) => sole)).toEqual([true]);
  });
});

it("a lease is released as failed where its leader's client does not read: in each other isolate one request fetches anew", async () => {
  const { keeper, calls } = scripted();
  const e = edgeWith(keeper, {
    lower: [mapTier("colo", 2 ** 20)],
    origin: () => answer(noise(3 * 2 ** 20), CACHED),
  });
  const unread = await e.get("/a");
  await until(() => e.clock.timeouts() > 1, "its client is waited for");
  e.passes(1);
  await until(() => calls.includes("release failed"), "the lease is released");
  expect((await unread.arrayBuffer()).byteLength).toBe(3 * 2 ** 20);
  await e.idle();
});

describe("a lease that another isolate holds", () => {
  it("makes one leader wait for all; they find the stored response, and the origin is left alone", async () => {
    const tier = sharedTier();
    const other = edgeWith(scripted().keeper, { lower: [tier], origin: () => answer("theirs", CACHED) });
    const end = barrier<LeaseEnding>();
    const { keeper, calls } = scripted(held(() => end.passed));
    const e = edgeWith(keeper, { lower: [tier] });
    const all = Array.from({ length: 20 }, () => e.get("/a"));
    await turns(200);
    await other.text("/a");
    end.open("stored");
    for (const response of await Promise.all(all)) {
      expect(response.headers.get("cache-status")).toContain("fwd=uri-miss; collapsed");
      expect(await response.text()).toBe("theirs");
    }
    await e.idle();
    expect(e.asked).toHaveLength(0);
    expect(calls).toEqual(["take", "ended other 10000"]);
  });

  it.each<LeaseEnding>(["stored", "failed", "expired"])(
    "and leaves nothing behind (%s) is followed by one fetch without a lease",
    async (ending) => {
      const { keeper, calls } = scripted(held(() => Promise.resolve(ending)));
      const e = edgeWith(keeper);
      expect(new Set(await many(e, 20))).toEqual(new Set(["x"]));
      await e.idle();
      expect(e.asked).toHaveLength(1);
      expect(calls).toEqual(["take", "ended other 10000"]);
    },
  );

  it("that ends as unshared lets every request fetch at once", async () => {
    const { keeper, calls } = scripted(held(() => Promise.resolve("unshared")));
    const e = edgeWith(keeper);
    const go = barrier();
    e.origin = async () => {
      await go.passed;
      return answer("mine", { "cache-control": "no-store" });
    };
    const all = many(e, 5);
    await vi.waitFor(() => expect(e.asked).toHaveLength(5));
    go.open();
    expect(await all).toEqual(Array.from({ length: 5 }, () => "mine"));
    await e.idle();
    expect(calls).toHaveLength(2);
  });

  it("that stores another variant is followed by a fetch of this isolate's own", async () => {
    const tier = sharedTier();
    const varying: Origin = (request) =>
      answer(request.headers.get("accept-language"), { ...CACHED, vary: "accept-language" });
    const other = edgeWith(scripted().keeper, { lower: [tier], origin: varying });
    const { keeper } = scripted(
      held(() => other.text("/a", { headers: { "accept-language": "de" } }).then(() => "stored")),
    );
    const e = edgeWith(keeper, { lower: [tier], origin: varying });
    const all = ["de", "en", "de", "en"].map(async (language) =>
      (await e.get("/a", { headers: { "accept-language": language } })).text(),
    );
    expect(await Promise.all(all)).toEqual(["de", "en", "de", "en"]);
    await e.idle();
    expect(e.asked).toHaveLength(1);
  });

  it("holds a request up for its patience if a stale response may answer, otherwise for longer", async () => {
    const { keeper, calls } = scripted(held(() => Promise.resolve("expired")));
    const e = edgeWith(keeper, { origin: () => answer("old", { "cache-control": "max-age=1, stale-if-error=60" }) });
    await e.text("/a");
    e.passes(5);
    await e.text("/a");
    e.passes(3600);
    await e.text("/a");
    expect(calls.filter((call) => call !== "take")).toEqual([
      "ended other 10000",
      "ended other 2000",
      "ended other 10000",
    ]);
  });
});

describe("no lease is acquired", () => {
  it.each<[string, RequestInit]>([
    ["Authorization", { headers: { authorization: "Bearer x" } }],
    ["a session cookie", { headers: { cookie: "PHPSESSID=1" } }],
    ["no-cache", { headers: { "cache-control": "no-cache" } }],
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["HEAD", { method: "HEAD" }],
    ["POST", { method: "POST" }],
    ["a range that goes as sent", { headers: { range: "bytes=-5" } }],
  ])("with %s", async (_, init) => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper);
    await e.text("/a", init);
    expect([calls, e.asked.length]).toEqual([[], 1]);
  });

  it("without the rule, or without a lease keeper", async () => {
    const { keeper, calls } = scripted();
    const plain = edgeWith(keeper, {}, { collapse: undefined });
    const unkept = testEdge({ site: { rules: [{ match: "/*", collapse: "global" }] } });
    expect((await plain.text("/a")).text).toBe("x");
    expect((await unkept.text("/a")).text).toBe("hello");
    expect(calls).toEqual([]);
  });
});

/** So much later, with all that was due done. */
async function pass(e: TestEdge, ms: number): Promise<void> {
  await turns(200);
  e.passes(ms / 1000);
  await turns(200);
}

describe("a keeper that does not do its work", () => {
  it.each<[string, Partial<LeaseKeeper>, number]>([
    ["cannot be reached", { take: () => Promise.reject(new Error("down")) }, 0],
    ["does not answer", { take: () => never() }, 500],
    ["does not tell the end", held(() => never()), 10_000],
    ["breaks off while it is waited for", held(() => Promise.reject(new Error("reset"))), 0],
    ["has no room", { take: () => Promise.resolve({ kind: "full" }) }, 0],
    ["does not take the release", { release: () => Promise.reject(new Error("down")) }, 0],
    ["hangs at the release", { release: () => never() }, 0],
  ])("because it %s costs no request more than its bound", async (what, script, boundMs) => {
    const { keeper } = scripted(script);
    const e = edgeWith(keeper);
    const all = many(e, 3);
    if (boundMs > 0) {
      await pass(e, boundMs - 1);
      expect(e.asked).toHaveLength(0);
    }
    await pass(e, 1);
    expect(await all).toEqual(["x", "x", "x"]);
    expect(e.asked).toHaveLength(1);
    await pass(e, 25_000);
    await e.idle();
    const isQuiet = ["has no room", "does not tell the end", "hangs at the release"].includes(what);
    expect(e.reports.map(({ dependency }) => dependency)).toEqual(isQuiet ? [] : ["leases"]);
  });

  it("because its binding is missing costs nothing", async () => {
    const leases = (): LeaseKeeper => {
      throw new TypeError("undefined is not an object");
    };
    const e = edgeWith(scripted().keeper, { leases });
    expect(await many(e, 3)).toEqual(["x", "x", "x"]);
    expect(e.reports.map(({ message }) => message)).toEqual(["leases: did not answer"]);
  });

  it("in time gets its late grant released", async () => {
    const late = barrier<{ readonly kind: "granted" }>();
    const { keeper, calls } = scripted({ take: () => late.passed });
    const e = edgeWith(keeper);
    const all = many(e, 1);
    await pass(e, 500);
    expect(await all).toEqual(["x"]);
    expect(calls).toEqual(["take"]);
    late.open({ kind: "granted" });
    await pass(e, 1);
    await e.idle();
    expect(calls).toEqual(["take", "release failed"]);
  });

  it("together with a lost leader elsewhere holds no request up longer than the wait", async () => {
    const { keeper } = scripted(held(() => never()));
    const e = edgeWith(keeper, { origin: inTurn(() => answer("mine", CACHED)) });
    const all = many(e, 20);
    await pass(e, 10_000);
    expect(new Set(await all)).toEqual(new Set(["mine"]));
    expect(e.asked).toHaveLength(1);
  });
});
