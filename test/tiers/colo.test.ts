// Owns the proof that the colo tier keeps the contract on the platform's Cache API, and what it hands to it.
import { describe, expect, it } from "vitest";
import { addressOf } from "../../src/tiers/address.ts";
import { encodeHead, FORMAT_VERSION } from "../../src/tiers/codec.ts";
import { type CacheLike, coloTier } from "../../src/tiers/colo.ts";
import { barrier } from "../support/barrier.ts";
import { contentOf, keyOf, noise, responseEntry, storedOf, textOf } from "../support/stored.ts";
import { equal, found, tierContract } from "./contract.ts";

const AT_A = await addressOf(keyOf("/a"));

let counter = 0;
const openNew = (): Promise<Cache> => {
  counter += 1;
  return caches.open(`test-${String(counter)}`);
};
const BUFFERED = 2 ** 20;

function tierOver(cache: Promise<CacheLike>) {
  return coloTier(() => cache, BUFFERED);
}

tierContract("colo", () => tierOver(openNew()));

/** A cache in a Map that shows what it was given. */
function recorded() {
  const puts: { readonly request: Request; readonly response: Response }[] = [];
  const asked: Request[] = [];
  const dropped: Request[] = [];
  const cache: CacheLike & { held: Response | undefined } = {
    held: undefined,
    match(request) {
      asked.push(request);
      return Promise.resolve(cache.held);
    },
    async put(request, response) {
      puts.push({ request, response });
      await response.arrayBuffer();
    },
    delete(request) {
      dropped.push(request);
      return Promise.resolve(true);
    },
  };
  return { cache, puts, asked, dropped, tier: tierOver(Promise.resolve(cache)) };
}

describe("colo", () => {
  it("asks for the lifetime it was given and nothing else that the platform obeys", async () => {
    const { tier, puts } = recorded();
    const headers: [string, string][] = [
      ["cache-control", "no-store, s-maxage=9"],
      ["set-cookie", "a=b"],
      ["vary", "*"],
      ["age", "7"],
    ];
    await tier.put(keyOf("/a"), responseEntry("x", { status: 404, headers }), 77);
    const [put] = puts;
    expect(put?.response.status).toBe(200);
    expect(put?.response.headers.get("cache-control")).toBe("max-age=77");
    for (const name of ["set-cookie", "vary", "age", "expires", "pragma"]) {
      expect(put?.response.headers.get(name)).toBeNull();
    }
  });

  it("uses clean GET requests of one short form on the public host", async () => {
    const { tier, puts, asked } = recorded();
    await tier.put(keyOf(`/${"x".repeat(20_000)}`), responseEntry("x"), 60);
    await tier.get(keyOf(`/${"x".repeat(20_000)}`));
    const [put] = puts;
    expect(put?.request.method).toBe("GET");
    expect([...(put?.request.headers ?? [])]).toEqual([]);
    expect(put?.request.url).toMatch(/^https:\/\/shop\.test\/\.strata\/stored\/[0-9a-f]{64}$/);
    expect(asked[0]?.url).toBe(put?.request.url);
  });

  it.each([0, -5])("puts nothing for %i seconds", async (seconds) => {
    const { tier, puts } = recorded();
    await tier.put(keyOf("/a"), responseEntry("x"), seconds);
    expect(puts).toEqual([]);
  });

  it("puts nothing whose head no header section can hold, and lets a stream go", async () => {
    const { tier, puts } = recorded();
    const gone = barrier<unknown>();
    const stream = new ReadableStream<Uint8Array>({ cancel: gone.open });
    const stored = storedOf({ headers: [["x", "é".repeat(30_000)]] });
    await tier.put(keyOf("/a"), { kind: "response", stored, body: { kind: "stream", stream } }, 60);
    await gone.passed;
    expect(puts).toEqual([]);
  });

  it.each([
    ["a head too large", storedOf({ headers: [["x", "é".repeat(30_000)]] }), 60],
    ["no time to live", storedOf(), 0],
  ])("lets the predecessor of what it cannot keep go: %s", async (_, stored, seconds) => {
    const tier = tierOver(openNew());
    await tier.put(keyOf("/a"), responseEntry("predecessor"), 60);
    await tier.put(keyOf("/a"), { ...responseEntry("new"), stored }, seconds);
    expect(await tier.get(keyOf("/a"))).toBeUndefined();
  });

  it("keeps of an index the index alone", async () => {
    const tier = tierOver(openNew());
    const { stored, body } = responseEntry("carried");
    const index = { generation: "g", fields: ["x"], variants: [], languages: [] };
    await tier.put(keyOf("/i"), { kind: "vary", index, carried: { own: keyOf("/i/x"), stored, body } }, 60);
    expect(await tier.get(keyOf("/i"))).toEqual({ kind: "vary", index });
  });

  it("keeps 5 MB given as a stream, and gives them back as one", async () => {
    const tier = tierOver(openNew());
    const bytes = noise(5 * 2 ** 20);
    const stream = new Blob([bytes]).stream();
    const stored = storedOf({ bodyLength: bytes.length });
    await tier.put(keyOf("/large"), { kind: "response", stored, body: { kind: "stream", stream } }, 60);
    const got = await found(tier, keyOf("/large"));
    expect(got.body.kind).toBe("stream");
    expect(equal(await contentOf(got.body), bytes)).toBe(true);
  });

  it("gives a small body back as bytes, also one put as a stream of unknown length", async () => {
    const tier = tierOver(openNew());
    const stream = new Blob(["small"]).stream();
    await tier.put(keyOf("/s"), { kind: "response", stored: storedOf(), body: { kind: "stream", stream } }, 60);
    const got = await found(tier, keyOf("/s"));
    expect(got.body.kind).toBe("bytes");
    expect(await textOf(got.body)).toBe("small");
  });

  it("keeps nothing of a stream that ended early without the Cache API noticing, and the predecessor stays", async () => {
    const tier = tierOver(openNew());
    const stored = storedOf({ bodyLength: undefined });
    const put = (text: string, whole: Promise<number>) =>
      tier.put(
        keyOf("/p"),
        { kind: "response", stored, body: { kind: "stream", stream: new Blob([text]).stream(), whole } },
        60,
      );
    await put("whole", Promise.resolve(5));
    await put("hal", Promise.reject(new Error("the origin broke off")));
    expect(await textOf((await found(tier, keyOf("/p"))).body)).toBe("whole");
  });

  it("keeps nothing of a stream that errors", async () => {
    const tier = tierOver(openNew());
    await tier.put(keyOf("/half"), responseEntry("predecessor"), 60);
    const { readable, writable } = new IdentityTransformStream();
    const stored = storedOf({ bodyLength: 3_000_000 });
    const broken = Promise.withResolvers<number>();
    const body = { kind: "stream", stream: readable, whole: broken.promise } as const;
    const put = tier.put(keyOf("/half"), { kind: "response", stored, body }, 60);
    const writer = writable.getWriter();
    await writer.write(noise(1_500_000));
    broken.reject(new Error("the origin broke off"));
    await writer.abort(new Error("the origin broke off"));
    await put;
    const kept = await tier.get(keyOf("/half"));
    const text = kept?.kind === "response" ? await textOf(kept.body) : "nothing";
    expect(["nothing", "predecessor"]).toContain(text);
  });

  it.each([
    ["no head at all", undefined],
    ["a head that is no JSON", "{"],
    [
      "a head of a future format",
      encodeHead(responseEntry("x"), AT_A).replace(`"v":${String(FORMAT_VERSION)}`, '"v":999'),
    ],
    ["a head of another program", '{"v":1,"kind":"response","stored":{}}'],
  ])("takes a response with %s for a miss", async (_, head) => {
    const { tier, cache } = recorded();
    cache.held = new Response("x", head === undefined ? {} : { headers: { "strata-entry": head } });
    expect(await tier.get(keyOf("/a"))).toBeUndefined();
    expect(cache.held.bodyUsed || cache.held.body?.locked).toBeTruthy();
  });

  it.each(["hel", "hello!"])(
    "says that a body of another length than stored is damaged, and drops it: %s",
    async (body) => {
      const { tier, cache, dropped } = recorded();
      const head = encodeHead(responseEntry("hello"), AT_A);
      cache.held = new Response(body, { headers: { "strata-entry": head } });
      await expect(tier.get(keyOf("/a"))).rejects.toThrow("not as long");
      expect(dropped).toHaveLength(1);
      cache.held = new Response("hello", { headers: { "strata-entry": head } });
      expect(await tier.get(keyOf("/a"))).toBeDefined();
    },
  );
});
