// Owns the proof of generated tags: a stored response without a validator gets one from its bytes, for browsers and never for the origin (RFC 9110 8.8.3).
import { describe, expect, it } from "vitest";
import { answer, inTurn, type TestEdge, testEdge } from "../support/edge.ts";
import { inPieces } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, noise } from "../support/stored.ts";

const CACHED = { "cache-control": "max-age=60" };
const MADE = /^"strata-[0-9a-f]{16}"$/;
const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";

async function tagOf(e: TestEdge, path = "/a"): Promise<string | null> {
  return (await e.text(path)).response.headers.get("etag");
}

/** The tag of the second answer with this body. */
async function tagFor(body: BodyInit, headers: Record<string, string> = {}, status = 200): Promise<string | null> {
  const e = testEdge({ origin: () => answer(body, { ...CACHED, ...headers }, status) });
  await e.text("/a");
  return tagOf(e);
}

describe("a generated tag", () => {
  it("appears from the second answer on, in HEAD and 304 alike", async () => {
    const e = testEdge({ origin: () => answer("hello", CACHED) });
    expect(await tagOf(e)).toBeNull();
    const tag = (await tagOf(e)) ?? "";
    expect(tag).toMatch(MADE);
    expect((await e.text("/a", { method: "HEAD" })).response.headers.get("etag")).toBe(tag);
    for (const sent of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
      const { response, text } = await e.text("/a", { headers: { "if-none-match": sent } });
      expect([response.status, text, response.headers.get("etag")], sent).toEqual([304, "", tag]);
    }
    const { response } = await e.text("/a", { headers: { "if-none-match": '"strata-0123456789abcdef"' } });
    expect(response.status).toBe(200);
    expect(e.asked).toHaveLength(1);
  });

  it("is the same for the same bytes, wherever and whenever", async () => {
    const tag = await tagFor("hello");
    expect(await tagFor("hello")).toBe(tag);
    expect(await tagFor(inPieces(bytesOf("hello"), 2), { "content-type": "text/x" })).toBe(tag);
  });

  it("differs for other bytes", async () => {
    const bodies = ["", "a", "b", "ab", "ba", "a\0", "\0a", "hello", "Hello", "hello ", noise(1000), noise(1000, 2)];
    const tags = await Promise.all(bodies.map((body) => tagFor(body)));
    expect(new Set(tags).size).toBe(bodies.length);
    for (const tag of tags) expect(tag).toMatch(MADE);
  });

  it.each([
    ["stays over a refresh with the same bytes", "hello", 304],
    ["changes with a refresh that brings others", "world", 200],
  ])("%s", async (_, body, status) => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", CACHED),
        () => answer(body, CACHED),
      ),
    });
    await e.text("/a");
    const tag = (await tagOf(e)) ?? "";
    e.passes(61);
    await e.text("/a");
    expect(e.asked).toHaveLength(2);
    expect((await e.text("/a", { headers: { "if-none-match": tag } })).response.status).toBe(status);
  });

  it("travels to other isolates of the colo", async () => {
    const colo = mapTier("colo");
    const first = testEdge({ lower: [colo], origin: () => answer("hello", CACHED) });
    await first.text("/a");
    const second = testEdge({ lower: [colo], log: first.log });
    expect(await tagOf(second)).toBe(await tagOf(first));
  });

  it.each([
    ["an ETag of its own", { etag: '"own"' }, 200, '"own"'],
    ["a weak ETag of its own", { etag: 'W/"own"' }, 200, 'W/"own"'],
    ["Last-Modified", { "last-modified": MODIFIED }, 200, null],
    ["another status", {}, 404, null],
    ["another status, though successful", {}, 203, null],
  ])("is not made for a response with %s", async (_, headers, status, tag) => {
    expect(await tagFor("hello", headers, status)).toBe(tag);
  });

  it.each([
    ["an ETag that is none", { etag: "own" }],
    ["a Last-Modified that is no date", { "last-modified": "yesterday" }],
  ])("takes the place of %s", async (_, headers: Record<string, string>) => {
    expect(await tagFor("hello", headers)).toMatch(MADE);
  });

  it("is not made where the rule says so", async () => {
    const site = { rules: [{ match: "/*", browser: { etag: false } }] };
    const e = testEdge({ site, origin: () => answer("hello", CACHED) });
    await e.text("/a");
    expect(await tagOf(e)).toBeNull();
  });

  it("is not made for a body too large for memory", async () => {
    const e = testEdge({
      lower: [mapTier("colo", 3)],
      memory: { bytes: 100_000, bodyBytes: 3 },
      origin: () => answer("hello", CACHED),
    });
    await e.text("/a");
    const { response } = await e.text("/a");
    expect([response.headers.get("x-cache"), response.headers.get("etag")]).toEqual(["HIT", null]);
  });

  it("is made for an answer to POST that serves a GET, too", async () => {
    const site = { rules: [{ match: "/*", storePost: true }] };
    const e = testEdge({ site, origin: () => answer("hello", { ...CACHED, "content-location": "/a" }) });
    await e.text("/warm");
    await e.text("/a", { method: "POST", body: "x" });
    expect(await tagOf(e)).toBe(await tagFor("hello"));
  });
});

describe("the origin", () => {
  const made = '"strata-0123456789abcdef"';

  it("never receives a generated tag when the stored response is stale", async () => {
    const e = testEdge({ origin: () => answer("hello", CACHED) });
    await e.text("/a");
    const tag = (await tagOf(e)) ?? "";
    e.passes(61);
    const { response } = await e.text("/a", { headers: { "if-none-match": tag } });
    expect(response.headers.get("x-cache")).toBe("MISS");
    for (const name of ["if-none-match", "if-modified-since"]) expect(e.asked[1]?.headers.get(name)).toBeNull();
  });

  it.each([
    [made, null],
    [`W/${made}`, null],
    [`${made}, W/${made}`, null],
    [`${made}, "own"`, '"own"'],
    [`"own", ${made}, W/"other"`, '"own", W/"other"'],
    ['"own"', '"own"'],
    ["*", "*"],
  ])("receives If-None-Match: %s as %s", async (sent, heard) => {
    const e = testEdge({
      site: { rules: [{ match: "/bypassed", bypass: true }] },
      origin: () => answer("hello", { "cache-control": "private" }),
    });
    const requests: readonly (readonly [string, RequestInit])[] = [
      ["/a", { headers: { "if-none-match": sent, cookie: "sid=alice" } }],
      ["/a", { headers: { "if-none-match": sent, authorization: "Bearer alice" } }],
      ["/bypassed", { headers: { "if-none-match": sent } }],
      ["/a", { method: "POST", headers: { "if-none-match": sent } }],
    ];
    for (const [path, init] of requests) {
      await e.text(path, init);
      expect(e.asked.at(-1)?.headers.get("if-none-match"), path).toBe(heard);
    }
  });

  it("answers a session with the whole if the client has only a generated tag", async () => {
    const e = testEdge({
      origin: (request) =>
        request.headers.has("if-none-match") ? answer(null, {}, 304) : answer("mine", { "cache-control": "private" }),
    });
    const { response, text } = await e.text("/a", { headers: { "if-none-match": made, cookie: "sid=alice" } });
    expect([response.status, text]).toEqual([200, "mine"]);
  });
});
