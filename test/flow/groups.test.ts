// Owns the proof that a group of responses falls together, within its own origin, when an unsafe request says so (RFC 9875).
import { describe, expect, it } from "vitest";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const SOON = 1.001;

/** Each GET has the groups of its path's query; everything else answers with `change`. */
function grouped(change: Record<string, string>, status = 200, options: EdgeOptions = {}): TestEdge {
  return testEdge({
    ...options,
    origin: (request) => {
      if (request.method !== "GET") return answer(status === 204 ? null : "done", change, status);
      const groups = decodeURIComponent(new URL(request.url).search.slice(1));
      return answer("got", { "cache-control": "max-age=60", "cache-groups": groups });
    },
  });
}

const at = (groups: string, origin = "https://shop.test"): string => `${origin}/a?${encodeURIComponent(groups)}`;
const cacheOf = async (e: TestEdge, url: string): Promise<string | null> =>
  (await e.text(url)).response.headers.get("x-cache");
const INVALIDATES = { "cache-group-invalidation": '"g"' };

describe("Cache-Groups", () => {
  it("reach the client, from the origin and from the store", async () => {
    const e = grouped({});
    for (const cache of ["MISS", "HIT"]) {
      const { headers } = (await e.text(at('"g", "h"'))).response;
      expect([headers.get("x-cache"), headers.get("cache-groups")]).toEqual([cache, '"g", "h"']);
    }
  });

  it("too many to purge by: the response is not stored", async () => {
    const e = grouped({});
    const names = (count: number): string => Array.from({ length: count }, (_, i) => `"${i.toString(36)}"`).join();
    for (const cache of ["MISS", "HIT"]) expect(await cacheOf(e, at(names(1000)))).toBe(cache);
    for (const cache of ["MISS", "MISS"]) expect(await cacheOf(e, at(names(1001)))).toBe(cache);
  });

  it.each(["hard", "soft"] as const)("can be purged as tags can: %s", async (mode) => {
    const e = grouped({});
    for (const url of [at('"g", "h"'), at('"other"')]) await e.text(url);
    e.log.purge(["h"], mode, e.clock.now());
    e.passes(SOON);
    expect(await cacheOf(e, at('"g", "h"'))).toBe("MISS");
    expect(await cacheOf(e, at('"other"'))).toBe("HIT");
  });
});

describe("Cache-Group-Invalidation", () => {
  it.each([
    ["POST", 200],
    ["POST", 201],
    ["POST", 303],
    ["PUT", 204],
    ["DELETE", 200],
    ["PATCH", 200],
  ])("on an answer to %s of %i drops the group", async (method, status) => {
    const e = grouped(INVALIDATES, status);
    for (const url of [at('"g"'), at('"f", "g"'), at('"G"'), at("")]) await e.text(url);
    await e.text("/other", { method });
    expect(await cacheOf(e, at('"g"'))).toBe("MISS");
    expect(await cacheOf(e, at('"f", "g"'))).toBe("MISS");
    // groups are compared case-sensitively, and nothing else falls
    expect(await cacheOf(e, at('"G"'))).toBe("HIT");
    expect(await cacheOf(e, at(""))).toBe("HIT");
    expect(await cacheOf(e, at('"g"'))).toBe("HIT");
  });

  it.each([
    ["GET", 200],
    ["HEAD", 200],
    ["OPTIONS", 200],
    ["POST", 400],
    ["POST", 404],
    ["POST", 500],
  ])("on an answer to %s of %i does nothing", async (method, status) => {
    const e = grouped({});
    await e.text(at('"g"'));
    e.origin = () => answer(null, INVALIDATES, status);
    await e.text("/other", { method });
    expect(await cacheOf(e, at('"g"'))).toBe("HIT");
    expect(e.log.delta(undefined).seq).toBe(0);
  });

  it("does nothing on an answer to GET that bypasses the cache", async () => {
    const e = grouped({});
    await e.text(at('"g"'));
    e.origin = () => answer("x", INVALIDATES);
    await e.text("/other", { headers: { "if-match": '"x"' } });
    expect(await cacheOf(e, at('"g"'))).toBe("HIT");
  });

  it.each([
    ["a token", "g"],
    ["a token among strings", '"g", h'],
    ["an inner list", '("g")'],
    ["a string that does not end", '"g'],
    ["nothing", ""],
    ["not ASCII", '"g", "gr\u00fc\u00df"'],
    ["a comma at the end", '"g",'],
  ])("is void where it is malformed: %s", async (_, value) => {
    const e = grouped({ "cache-group-invalidation": value });
    await e.text(at('"g"'));
    expect((await e.text("/other", { method: "POST" })).text).toBe("done");
    expect(await cacheOf(e, at('"g"'))).toBe("HIT");
    expect(e.reports).toEqual([]);
  });

  it.each([
    ["several members", '"f", "g"'],
    ["a member with parameters", '"g";a=1'],
    ["a member twice", '"g", "g"'],
  ])("is read as a list: %s", async (_, value) => {
    const e = grouped({ "cache-group-invalidation": value });
    await e.text(at('"g"'));
    await e.text("/other", { method: "POST" });
    expect(await cacheOf(e, at('"g"'))).toBe("MISS");
  });

  it("purges as many groups as one order may name, and beyond that the whole host", async () => {
    const names = Array.from({ length: 1001 }, (_, i) => `"${i === 0 ? "g" : String(i)}"`);
    const e = grouped({ "cache-group-invalidation": names.slice(0, 1000).toReversed().join() });
    const others = [at('"other"'), at('"other"', "https://other.test")];
    for (const url of [at('"g"'), ...others]) await e.text(url);
    await e.text("/other", { method: "POST" });
    expect(await cacheOf(e, at('"g"'))).toBe("MISS");
    for (const url of others) expect(await cacheOf(e, url), url).toBe("HIT");
    e.origin = () => answer("done", { "cache-group-invalidation": names.join() });
    await e.text("/other", { method: "POST" });
    e.origin = () => answer("new", { "cache-control": "max-age=60" });
    const texts = await Promise.all([at('"g"'), ...others].map(async (url) => (await e.text(url)).text));
    expect(texts).toEqual(["new", "new", "got"]);
  });

  it("cannot come from a client whose request the origin reflects", async () => {
    const said = ["cache-group-invalidation", "cache-groups", "cache-tag", "surrogate-key"];
    const e = testEdge({ origin: ({ headers }) => answer("echo", headers) });
    await e.text("/echo", { method: "POST", headers: said.map((name): [string, string] => [name, '"g"']) });
    expect(said.filter((name) => e.asked[0]?.headers.has(name))).toEqual([]);
    expect(e.log.delta(undefined).seq).toBe(0);
  });

  it("stays within scheme and host", async () => {
    const e = grouped(INVALIDATES);
    const others = [
      at('"g"', "http://shop.test"),
      at('"g"', "https://other.test"),
      at('"g"', "https://shop.test:8443"),
    ];
    for (const url of [at('"g"'), ...others]) await e.text(url);
    await e.text("/other", { method: "POST" });
    expect(await cacheOf(e, at('"g"'))).toBe("MISS");
    for (const url of others) expect(await cacheOf(e, url), url).toBe("HIT");
  });

  it("cannot reach a tag of the same name", async () => {
    const e = grouped(INVALIDATES);
    e.origin = () => answer("x", { "cache-control": "max-age=60", "cache-tag": "g" });
    await e.text("/tagged");
    e.origin = () => answer("done", INVALIDATES);
    await e.text("/other", { method: "POST" });
    expect(await cacheOf(e, "/tagged")).toBe("HIT");
  });

  it("reaches the colo, and other isolates by the log", async () => {
    const colo = mapTier("colo");
    const e = grouped(INVALIDATES, 200, { lower: [colo] });
    await e.text(at('"g"'));
    await e.text("/other", { method: "POST" });
    const other = testEdge({
      lower: [colo],
      log: e.log,
      origin: () => answer("new", { "cache-control": "max-age=60" }),
    });
    expect((await other.text(at('"g"'))).text).toBe("new");
  });

  it("reaches a fetch that was under way before it", async () => {
    const e = grouped(INVALIDATES);
    await e.text("/first");
    const response = await e.get(at('"g"'));
    await e.get("/other", { method: "POST" });
    await response.text();
    await e.idle();
    expect(await cacheOf(e, at('"g"'))).toBe("MISS");
  });

  it("does not reach the answer itself, if that serves a later GET", async () => {
    const own = { ...INVALIDATES, "cache-groups": '"g"', "cache-control": "max-age=60", "content-location": "/other" };
    const e = grouped(own, 200, { site: { rules: [{ match: "/*", storePost: true }] } });
    await e.text("/first");
    await e.text("/other", { method: "POST", body: "x" });
    expect((await e.text("/other")).text).toBe("done");
  });

  it("that the log refuses is reported, and the answer delivered all the same", async () => {
    const e = grouped({ ...INVALIDATES, "x-own": "1" }, 201, { purge: () => Promise.reject(new Error("down")) });
    await e.text("/other");
    const { response, text } = await e.text("/other", { method: "POST" });
    expect([response.status, text, response.headers.get("x-own")]).toEqual([201, "done", "1"]);
    expect(e.reports.map(({ message }) => message)).toEqual([expect.stringContaining("purge log")]);
    // its own target falls without the log
    expect(await cacheOf(e, "/other")).toBe("MISS");
  });
});
