// Owns the proof that a body is stored whole or not at all, and in memory before the client has its end.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../../src/tiers/colo.ts";
import { barrier, until } from "../../support/barrier.ts";
import { answer, inTurn, type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";

const CACHED = { "cache-control": "max-age=60" };
const FIVE_MB = 5 * 2 ** 20;

/** A body given out chunk by chunk; `then` runs after the last. */
function chunked(
  chunks: readonly Uint8Array[],
  then: (c: ReadableStreamDefaultController<Uint8Array>) => void = (c) => c.close(),
) {
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next];
      next += 1;
      if (chunk) controller.enqueue(chunk);
      else then(controller);
    },
  });
}

async function isHit(e: TestEdge, path = "/a"): Promise<boolean> {
  return (await e.get(path)).headers.get("x-cache") === "HIT";
}

describe("fill", () => {
  it.each([
    ["with", { ...CACHED, "content-length": "11" }],
    ["without", CACHED],
  ])("is complete in memory before the client has the last byte, %s Content-Length", async (_, headers) => {
    const e = testEdge({ origin: () => answer(chunked([bytesOf("hello "), bytesOf("world")]), headers) });
    const first = await e.get("/a");
    expect(await first.text()).toBe("hello world");
    // nothing else runs in between: no background work is waited for
    const second = e.get("/a");
    expect((await second).headers.get("x-cache")).toBe("HIT");
    expect(await (await second).text()).toBe("hello world");
    await e.idle();
  });

  it("shows a client that counts bytes the end as soon as memory has it", async () => {
    const e = testEdge({
      origin: () =>
        answer(
          chunked([bytesOf("hello")], () => undefined),
          { ...CACHED, "content-length": "5" },
        ),
    });
    const reader = (await e.get("/a")).body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(5);
    expect(await isHit(e)).toBe(true);
  });

  it("passes chunks on as they come", async () => {
    const rest = barrier();
    const body = chunked([bytesOf("first")], (c) => void rest.passed.then(() => c.close()));
    const e = testEdge({ origin: () => answer(body, CACHED) });
    const reader = (await e.get("/a")).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    // nothing is stored yet
    expect((await e.get("/a", { headers: { "cache-control": "only-if-cached" } })).status).toBe(504);
    rest.open();
    expect((await reader?.read())?.done).toBe(true);
  });

  it("stores an empty body", async () => {
    const e = testEdge({ origin: () => answer("", { ...CACHED, "content-length": "0" }) });
    expect((await e.text("/a")).text).toBe("");
    expect(await isHit(e)).toBe(true);
  });

  it.each([
    ["shorter than its Content-Length", { ...CACHED, "content-length": "10" }, undefined],
    ["that breaks off, with Content-Length", { ...CACHED, "content-length": "10" }, new Error("reset")],
    ["that breaks off, without Content-Length", CACHED, new Error("reset")],
  ])("stores nothing of a body %s, and breaks off for the client", async (_, headers, cause) => {
    const colo = mapTier("colo");
    const e = testEdge({
      lower: [colo],
      origin: inTurn(
        () =>
          answer(
            chunked([bytesOf("hel"), bytesOf("lo")], (c) => (cause ? c.error(cause) : c.close())),
            headers,
          ),
        () => answer("whole", CACHED),
      ),
    });
    const response = await e.get("/a");
    await expect(response.text()).rejects.toThrow();
    await e.idle();
    expect(e.memory.usedBytes).toBe(0);
    expect(colo.entries.size).toBe(0);
    expect((await e.text("/a")).text).toBe("whole");
  });

  it.each([
    ["with", { ...CACHED, "content-length": String(FIVE_MB) }],
    ["without", CACHED],
  ])("stores nothing of 5 MB that break off, %s Content-Length", async (how, headers) => {
    const cache = await caches.open(`fill-broken-${how}`);
    const e = testEdge({
      lower: [coloTier(() => Promise.resolve(cache), 2 ** 20)],
      origin: inTurn(
        () =>
          answer(
            chunked([noise(2 ** 20), noise(2 ** 20), noise(2 ** 20)], (c) => c.error(new Error("reset"))),
            headers,
          ),
        () => answer("whole", CACHED),
      ),
    });
    const response = await e.get("/a");
    await expect(response.arrayBuffer()).rejects.toThrow();
    await e.idle();
    const next = await e.get("/a");
    expect(next.headers.get("x-cache")).toBe("MISS");
    expect((await next.arrayBuffer()).byteLength).toBe("whole".length);
    await e.idle();
  });

  it("goes on for followers when its client leaves", async () => {
    const rest = barrier();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(c) {
        sent += 1;
        if (sent > 1) await rest.passed;
        if (sent > 5) c.close();
        else c.enqueue(bytesOf(String(sent)));
      },
    });
    const e = testEdge({ origin: () => answer(body, CACHED) });
    const reader = (await e.get("/a")).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    rest.open();
    await e.idle();
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("x-cache"), e.asked.length]).toEqual(["12345", "HIT", 1]);
  });

  it("goes on when its client never reads at all and then leaves", async () => {
    const e = testEdge({ origin: () => answer(chunked([bytesOf("a"), bytesOf("b")]), CACHED) });
    await (await e.get("/a")).body?.cancel();
    await e.idle();
    expect((await e.text("/a")).text).toBe("ab");
    expect(e.asked).toHaveLength(1);
  });

  it("stores the body although its client sent HEAD or has a copy, and so gets none", async () => {
    const e = testEdge({ origin: () => answer("hello", { ...CACHED, etag: '"1"' }) });
    const { response } = await e.text("/a", { headers: { "if-none-match": '"1"' } });
    expect(response.status).toBe(304);
    expect((await e.text("/a")).text).toBe("hello");
    expect(e.asked).toHaveLength(1);
  });

  it.each([
    ["with", { ...CACHED, "content-length": String(FIVE_MB) }],
    ["without", CACHED],
  ])("puts 5 MB into the colo only, as a stream, %s Content-Length", async (how, headers) => {
    const bytes = noise(FIVE_MB);
    const chunks = Array.from({ length: 80 }, (_, i) => bytes.slice(i * 65_536, (i + 1) * 65_536));
    const cache = await caches.open(`fill-large-${how}`);
    const global = mapTier("global");
    const e = testEdge({
      lower: [coloTier(() => Promise.resolve(cache), 2 ** 20), global],
      origin: () => answer(chunked(chunks), headers),
    });
    const first = new Uint8Array(await (await e.get("/a")).arrayBuffer());
    await e.idle();
    expect(equal(first, bytes)).toBe(true);
    expect(e.memory.usedBytes).toBe(0);
    expect(global.calls.put).toBe(0);
    const hit = await e.get("/a");
    expect(hit.headers.get("cache-status")).toContain("detail=fresh/colo");
    expect(equal(new Uint8Array(await hit.arrayBuffer()), bytes)).toBe(true);
  });

  it("stores a body at the limit in memory, and one byte more in the colo", async () => {
    for (const [size, tier] of [
      [1000, "memory"],
      [1001, "colo"],
    ] as const) {
      const e = testEdge({
        lower: [mapTier("colo", 1000)],
        memory: { bytes: 2 ** 20, bodyBytes: 1000 },
        origin: () => answer("x".repeat(size), CACHED),
      });
      await e.text("/a");
      expect((await e.text("/a")).response.headers.get("cache-status")).toContain(`fresh/${tier}`);
    }
  });

  it("streams a large body through when no tier takes it", async () => {
    const e = testEdge({
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: () => answer(chunked(Array.from({ length: 20 }, () => noise(2 ** 20))), CACHED),
    });
    expect((await (await e.get("/a")).arrayBuffer()).byteLength).toBe(20 * 2 ** 20);
    await until(() => e.memory.usedBytes === 0, "nothing is stored");
  });

  it("does not let a slow tier hold the client up", async () => {
    const colo = mapTier("colo");
    const slow = barrier();
    colo.beforePut = () => slow.passed;
    const e = testEdge({ lower: [colo] });
    expect(await (await e.get("/a")).text()).toBe("hello");
    expect(await isHit(e)).toBe(true);
    slow.open();
    await e.idle();
  });

  it.each(["abc", "5, 5", "-1", "1e3", "99999999999999999999"])(
    "delivers a body whose Content-Length is %j",
    async (length) => {
      const e = testEdge({
        origin: () => answer(chunked([bytesOf("hello")]), { ...CACHED, "content-length": length }),
      });
      expect((await e.text("/a")).text).toBe("hello");
    },
  );

  it("does not change bytes that several clients read", async () => {
    const e = testEdge({ origin: () => answer(noise(100_000), CACHED) });
    await e.get("/a").then((r) => r.arrayBuffer());
    const bodies = await Promise.all(Array.from({ length: 20 }, async () => (await e.get("/a")).arrayBuffer()));
    for (const body of bodies) expect(equal(new Uint8Array(body), noise(100_000))).toBe(true);
  });
});
