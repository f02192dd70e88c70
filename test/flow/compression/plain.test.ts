// Owns the proof that some bodies stay plain, and that Vary says so.
import { describe, expect, it } from "vitest";
import { answer, type Origin, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { TEXT, accepts, get, page, plainOf } from "../../support/compressed-page.ts";

const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/html" };
describe("a body stays plain", () => {
  const unchanged = { coding: null, vary: null };
  const origin =
    (body: BodyInit, fields: Record<string, string>): Origin =>
    () =>
      answer(body, { ...CACHED, ...fields });

  it.each([
    ["media", TEXT, { "content-type": "image/png" }, '"v1"'],
    ["without a type", bytesOf(TEXT), { "content-type": "" }, '"v1"'],
    ["under 1 KB", "short", { "content-length": "5" }, '"v1"'],
    ["that must not be transformed", TEXT, { "cache-control": "max-age=60, no-transform" }, '"v1"'],
    ["in an unknown coding", TEXT, { "content-encoding": "x-own" }, '"v1"'],
  ])("%s", async (_, body, fields: Record<string, string>, etag) => {
    const e = testEdge({ origin: origin(body, fields) });
    for (const cache of ["MISS", "HIT"]) {
      const got = await get(e, accepts("br"));
      expect(got).toMatchObject({ cache, vary: null, etag });
      expect(got.coding).toBe(fields["content-encoding"] ?? null);
    }
    expect(e.encoded).toEqual([]);
  });

  it("where the rule says so", async () => {
    const site = { rules: [{ match: "/*", compress: false as const }] };
    const e = testEdge({ site, origin: page });
    for (let i = 0; i < 2; i++) expect(await get(e, accepts("br"))).toMatchObject({ ...unchanged, etag: '"v1"' });
  });

  it("where the rule offers no coding that the client accepts; other clients may get one", async () => {
    const site = { rules: [{ match: "/*", compress: ["gzip"] as const }] };
    const e = testEdge({ site, origin: page });
    for (let i = 0; i < 2; i++)
      expect(await get(e, accepts("br"))).toMatchObject({ coding: null, etag: '"v1"', vary: "accept-encoding" });
    expect(await get(e, accepts("br, gzip"))).toMatchObject({ coding: "gzip", etag: 'W/"v1"' });
  });

  it("in an answer for one client alone", async () => {
    const e = testEdge({ origin: origin(TEXT, { "cache-control": "private" }) });
    expect(await get(e, accepts("br"))).toMatchObject({ ...unchanged, etag: '"v1"' });
  });

  it("for a client that forbids it, or says nothing", async () => {
    const e = testEdge({ origin: page });
    for (const init of [undefined, accepts("br", { "cache-control": "no-transform" }), accepts("br;q=0")])
      for (let i = 0; i < 2; i++)
        expect(await get(e, init)).toMatchObject({ coding: null, etag: '"v1"', vary: "accept-encoding" });
    expect(e.encoded).toEqual([]);
  });

  it("if encoding makes it no smaller, which is tried once", async () => {
    const e = testEdge({ origin: () => answer(noise(5000), CACHED) });
    await get(e);
    for (let i = 0; i < 3; i++) {
      const got = await get(e, accepts("br"));
      // the tag is weak all the same: it must not depend on what came out
      expect(got).toMatchObject({ coding: null, length: "5000", etag: 'W/"v1"', vary: "accept-encoding" });
      expect(got.bytes).toEqual(noise(5000));
    }
    expect(e.encoded).toEqual(["br"]);
  });

  it("on hits of a body too large for memory", async () => {
    const large = TEXT.repeat(20);
    const memory = { bytes: 2 ** 20, bodyBytes: large.length - 1 };
    const known = { "content-length": String(large.length) };
    for (const [fields, first] of [
      [known, { coding: null, etag: '"v1"', vary: null }],
      [{}, { coding: "br", etag: 'W/"v1"', vary: "accept-encoding" }],
    ] as const) {
      const e = testEdge({ memory, lower: [mapTier("colo", memory.bodyBytes)], origin: origin(large, fields) });
      const miss = await get(e, accepts("br"));
      expect(miss).toMatchObject({ cache: "MISS", ...first });
      expect(await plainOf(miss)).toBe(large);
      const hit = await get(e, accepts("br"));
      expect(hit).toMatchObject({ cache: "HIT", coding: null, etag: '"v1"', vary: first.vary });
    }
  });

  it("but not the origin's error page, which is encoded as any page", async () => {
    const e = testEdge({ origin: () => answer(TEXT, CACHED, 404) });
    for (let i = 0; i < 2; i++) {
      const got = await get(e, accepts("gzip"));
      expect([got.status, got.coding, await plainOf(got)]).toEqual([404, "gzip", TEXT]);
    }
  });
});

describe("Vary", () => {
  it.each([
    ["the origin's own fields stay", "X-Own", "X-Own, accept-encoding"],
    [
      "Accept-Encoding is named once, even if the origin names it, too",
      "Accept-Encoding, X-Own",
      "Accept-Encoding, X-Own",
    ],
  ])("%s", async (_, vary, merged) => {
    const e = testEdge({ origin: () => answer(TEXT, { ...CACHED, vary }) });
    for (let i = 0; i < 2; i++) expect((await get(e, accepts("br"))).vary).toBe(merged);
    expect((await get(e, accepts("br", { "if-none-match": '"v1"' }))).vary).toBe(merged);
  });
});
