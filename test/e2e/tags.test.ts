// Owns the proof, over sockets, of tags as origins write them in bytes, and that clients see none of them, whatever became of the answer.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "./support/scripted-origin.ts";

let origin: ScriptedOrigin;
let edge: OneEdge;

beforeAll(async () => {
  origin = await startScriptedOrigin();
  const rules = [
    { match: "/products/{id}", tags: ["product:{id}"] },
    { match: "/by/*", bypass: true },
  ];
  edge = await startOneEdge({ origins: { "*": origin.url }, rules }, [origin]);
});
afterAll(() => edge.close());

async function purge(selectors: object): Promise<void> {
  const response = await fetch(`${edge.url}/.strata/purge`, {
    method: "POST",
    headers: { authorization: "Bearer e2e-token" },
    body: JSON.stringify(selectors),
  });
  expect(response.status).toBe(200);
}

async function cacheOf(path: string): Promise<string | null> {
  const response = await fetch(edge.url + path);
  await response.arrayBuffer();
  return response.headers.get("x-cache");
}

const inBytes = (text: string, encoding: "utf8" | "latin1"): string => Buffer.from(text, encoding).toString("latin1");

describe("a tag", () => {
  it.each<[string, string, string, string]>([
    ["in UTF-8", "cache-tag", inBytes("grün,é", "utf8"), "grün"],
    ["in UTF-8, between spaces", "surrogate-key", inBytes("x grün", "utf8"), "grün"],
    ["in Latin-1", "cache-tag", "gr\u00fcn", "gr\u00fcn"],
    ["with the byte of a space", "cache-tag", inBytes("voilà", "utf8"), "voilà"],
    ["beyond the BMP", "cdn-tag", inBytes("😀", "utf8"), "😀"],
  ])("%s is purged by its letters", async (what, name, value, tag) => {
    const path = `/tagged/${encodeURIComponent(what)}`;
    origin.answer(path, { fields: { "cache-control": "max-age=60", [name]: value }, body: "x" });
    expect([await cacheOf(path), await cacheOf(path)]).toEqual(["MISS", "HIT"]);
    await purge({ tags: [tag] });
    expect(await cacheOf(path)).toBe("MISS");
  });

  it.each<[string, string, number]>([
    ["/products/7", "product:7", 404],
    ["/products/gr%C3%BCn", "product:grün", 200],
    ["/products/gr%c3%bcn%21", "product:grün!", 200],
    ["/products/a%20b", "product:a%20b", 200],
    ["/products/%37%38", "product:78", 410],
  ])("of a rule: %s falls with %s, whatever its status", async (path, tag, status) => {
    const stored = new URL(path, origin.url).pathname.replace("%37%38", "78").replaceAll("%c3%bc", "%C3%BC");
    origin.answer(stored, { status, fields: { "cache-control": "max-age=60" }, body: "x" });
    expect([await cacheOf(path), await cacheOf(path)]).toEqual(["MISS", "HIT"]);
    await purge({ tags: [tag] });
    expect(await cacheOf(path)).toBe("MISS");
  });
});

const TAGGED = {
  "cache-tag": "a",
  "Edge-Cache-Tag": "b",
  "surrogate-key": "c d",
  "cdn-tag": "e",
  "netlify-cache-tag": "f",
};

describe("tags are seen by no client", () => {
  it.each<[string, string, number, Record<string, string>, RequestInit]>([
    ["of what is stored", "/plain", 200, { "cache-control": "max-age=60" }, {}],
    ["of a HEAD", "/head", 200, { "cache-control": "max-age=60" }, { method: "HEAD" }],
    ["of a part", "/part", 200, { "cache-control": "max-age=60" }, { headers: { range: "bytes=1-2" } }],
    ["of a 304", "/same", 200, { "cache-control": "max-age=60", etag: '"1"' }, { headers: { "if-none-match": '"1"' } }],
    [
      "of a 304 of the origin's own",
      "/own",
      304,
      { etag: '"1"' },
      { headers: { cookie: "sid=1", "if-none-match": '"1"' } },
    ],
    ["of an error", "/error", 500, {}, {}],
    ["of what is not there", "/absent", 404, { "cache-control": "max-age=60" }, {}],
    ["of a redirect", "/moved", 301, { location: "/plain" }, { redirect: "manual" }],
    ["of a private answer", "/private", 200, { "cache-control": "private" }, {}],
    ["of a cookie's", "/cookie", 200, { "set-cookie": "a=1" }, {}],
    ["of a session's", "/session", 200, { "cache-control": "max-age=60" }, { headers: { cookie: "sid=1" } }],
    ["of events", "/events", 200, { "content-type": "text/event-stream", "cache-control": "no-store" }, {}],
    ["of what passes by a rule", "/by/a", 200, { "cache-control": "max-age=60" }, {}],
    ["of a POST", "/post", 200, {}, { method: "POST", body: "x" }],
    ["of what the client has conditions for", "/if", 412, {}, { headers: { "if-match": '"1"' } }],
    ["of a validated one", "/always", 200, { "cache-control": "no-cache", etag: '"1"' }, {}],
  ])("%s", async (_, path, status, fields, init) => {
    origin.answer(path, { status, fields: { ...TAGGED, ...fields }, body: status === 304 ? "" : "12345" });
    for (const _again of [1, 2]) {
      const response = await fetch(edge.url + path, init);
      await response.arrayBuffer();
      const names = [...response.headers.keys()];
      expect(names.filter((name) => /tag$|^surrogate-key$/.test(name) && name !== "etag")).toEqual([]);
    }
    expect(origin.asked(path).length).toBeGreaterThan(0);
  });
});
