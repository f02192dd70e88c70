// Owns the proof that the worker as wired does the whole: miss, hit, tiers, purge through the endpoint, failure.
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { until } from "../support/barrier.ts";

const SHOP = "https://shop.test";
const worker = (path: string, init: RequestInit = {}) => exports.default.fetch(new Request(SHOP + path, init));

/** Earlier tests' writes may still be under way: only values that hold this text count. */
async function valuesSaying(text: string): Promise<readonly string[]> {
  const { keys } = await env.STRATA_KV.list();
  const values = await Promise.all(keys.map(({ name }) => env.STRATA_KV.get(name)));
  return values.filter((value) => value !== null).filter((value) => value.includes(text));
}

let asked: string[] = [];

beforeEach(() => {
  asked = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
    const { url } = new Request(input);
    asked.push(url);
    if (url.endsWith("/down")) return Promise.reject(new Error("connection refused"));
    const headers = { "cache-control": "max-age=600", "cache-tag": `tag-${url}`, "content-type": "text/plain" };
    return Promise.resolve(new Response(`answer ${String(asked.length)}`, { headers }));
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the worker: what is no request for content", () => {
  it.each(["/x/../.strata/purge", "/.strata\\purge", "/%2estrata/purge", "/.strata/%70urge"])(
    "keeps %s from the origin",
    async (path) => {
      expect((await worker(path)).status).toBeOneOf([401, 404]);
      expect(asked).toEqual([]);
    },
  );

  it.each(["a b", "a, b", "u@a", "a/b"])("refuses the Host %j", async (host) => {
    const response = await worker("/a", { headers: { host } });
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    expect(asked).toEqual([]);
  });
});

describe("the worker", () => {
  it("misses, then hits from memory, and asks the configured origin", async () => {
    const miss = await worker("/content/a?x=1");
    expect([miss.headers.get("x-cache"), await miss.text()]).toEqual(["MISS", "answer 1"]);
    const hit = await worker("/content/a?x=1");
    expect([hit.headers.get("x-cache"), await hit.text()]).toEqual(["HIT", "answer 1"]);
    expect(hit.headers.get("cache-status")).toMatch(/^strata; hit; ttl=\d+; detail=fresh\/memory$/);
    expect(asked).toEqual(["http://origin.test/content/a?x=1"]);
  });

  it("answers HEAD from what GET stored, with its length", async () => {
    await (await worker("/content/head")).text();
    const head = await worker("/content/head", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "8", ""]);
    expect(asked).toHaveLength(1);
  });

  it("writes what is worth it into KV, once", async () => {
    await (await worker("/content/kv")).text();
    await until(async () => (await valuesSaying("tag-http://origin.test/content/kv")).length === 1, "KV has the entry");
    await (await worker("/content/kv")).text();
    expect(await valuesSaying("tag-http://origin.test/content/kv")).toHaveLength(1);
  });

  it("obeys its own purge at once", async () => {
    await (await worker("/content/purged")).text();
    const headers = { authorization: "Bearer test-token" };
    const body = JSON.stringify({ tags: ["tag-http://origin.test/content/purged"] });
    expect((await worker("/.strata/purge", { method: "POST", headers, body })).status).toBe(200);
    const after = await worker("/content/purged");
    expect([await after.text(), after.headers.get("cache-status")]).toEqual([
      "answer 2",
      "strata; fwd=miss; fwd-status=200; stored; detail=purged",
    ]);
  });

  it("makes one of many concurrent requests no burden to the others", async () => {
    const responses = await Promise.all(Array.from({ length: 30 }, () => worker("/content/crowd")));
    const texts = await Promise.all(responses.map((response) => response.text()));
    expect(texts.every((text) => text.startsWith("answer "))).toBe(true);
    expect((await worker("/content/crowd")).headers.get("x-cache")).toBe("HIT");
  });

  it("says what is wrong when no origin answers", async () => {
    const response = await worker("/down");
    expect([response.status, response.headers.get("retry-after")]).toEqual([502, "5"]);
    expect(await response.json()).toMatchObject({ status: 502, code: "origin-unreachable" });
    const head = await worker("/down", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([502, ""]);
  });
});
