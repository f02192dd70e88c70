// Owns the proof that HEAD is answered from a stored GET, and that its own answer confirms or withdraws that, and nothing else
// (RFC 9110 9.3.2, RFC 9111 4.3.5).
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
const OTHER_DAY = "Sun, 22 Nov 2026 11:00:00 GMT";
const SHORT = { "cache-control": "max-age=10" };
const FULL = { ...SHORT, etag: '"v1"', "last-modified": MODIFIED, "content-length": "5", "cache-tag": "a" };
const HEAD = { method: "HEAD" };
const SOON = 1.001;

/** Answers GET with "hello" and these fields, and HEAD with `head`. */
function site(fields: Record<string, string>, head: Origin): Origin {
  return (request) => (request.method === "HEAD" ? head(request) : answer("hello", fields));
}

/** An edge with a stored "hello", which is stale by now. */
async function stale(fields: Record<string, string>, head: Origin): Promise<TestEdge> {
  const e = testEdge({ origin: site(fields, head) });
  await e.text("/a");
  e.passes(20);
  return e;
}

const said = (fields: Record<string, string>, status = 200) => answer(null, fields, status);

describe("HEAD", () => {
  it("is answered from a stored GET, without its body", async () => {
    const e = testEdge({ origin: site(FULL, () => said({})) });
    await e.text("/a");
    const { response, text } = await e.text("/a", HEAD);
    expect([response.status, text, response.headers.get("content-length")]).toEqual([200, "", "5"]);
    expect(response.headers.get("cache-status")).toBe("strata; hit; ttl=10; detail=fresh/memory");
    expect(e.asked).toHaveLength(1);
  });

  it("on a miss goes to the origin as HEAD, and fills nothing", async () => {
    const e = testEdge({ origin: site(FULL, () => said(FULL)) });
    const { response, text } = await e.text("/a", HEAD);
    expect([response.status, text, response.headers.get("content-length")]).toEqual([200, "", "5"]);
    expect(e.asked[0]?.method).toBe("HEAD");
    expect(e.memory.usedBytes).toBe(0);
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });

  it("asks with the stored validators, and a 304 refreshes the GET", async () => {
    const e = await stale(FULL, () => said({ ...SHORT, etag: '"v1"' }, 304));
    const { response, text } = await e.text("/a", HEAD);
    expect([response.status, text, response.headers.get("content-length")]).toEqual([200, "", "5"]);
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });
});

describe("an answer to HEAD for a stale GET", () => {
  const agree: readonly (readonly [string, Record<string, string>])[] = [
    ["tag, date and length", FULL],
    ["the tag alone", { ...SHORT, etag: '"v1"' }],
    ["the date alone", { ...SHORT, "last-modified": MODIFIED }],
    ["tag and length", { ...SHORT, etag: '"v1"', "content-length": "5" }],
  ];

  it.each(agree)("that agrees in %s makes it fresh, under the new fields", async (_, fields) => {
    const e = await stale(FULL, () => said({ ...fields, "cache-control": "max-age=100", "x-own": "new" }));
    expect((await e.text("/a", HEAD)).response.headers.get("cache-status")).toContain("head-freshened");
    e.passes(50);
    const { response, text } = await e.text("/a");
    expect([response.headers.get("x-cache"), text, response.headers.get("x-own")]).toEqual(["HIT", "hello", "new"]);
    expect([response.headers.get("age"), response.headers.get("content-length")]).toEqual(["50", "5"]);
    expect(e.asked).toHaveLength(2);
  });

  const differ: readonly (readonly [string, Record<string, string>])[] = [
    ["the tag", { ...FULL, etag: '"v2"' }],
    ["the date", { ...FULL, "last-modified": OTHER_DAY }],
    ["the length", { ...FULL, "content-length": "6" }],
    ["the length alone", { ...SHORT, "content-length": "6" }],
    ["a tag, where there was none of it before", { ...SHORT, etag: '"v1"', "content-length": "5" }],
  ];

  it.each(differ)(
    "that differs in %s makes it be validated before its next use, and cover no failure",
    async (name, fields) => {
      const windows = { ...FULL, "cache-control": "max-age=10, stale-while-revalidate=600, stale-if-error=600" };
      const { etag: _, ...untagged } = windows;
      const sent = name.startsWith("a tag") ? untagged : windows;
      const e = await stale(sent, () => said(fields));
      const head = { ...HEAD, headers: { "cache-control": "no-cache" } };
      const { response } = await e.text("/a", head);
      expect([response.status, response.headers.get("etag")]).toEqual([200, fields["etag"] ?? null]);
      expect(response.headers.get("cache-status")).toContain("head-mismatch");
      e.origin = () => answer("down", {}, 503);
      expect((await e.text("/a")).response.status).toBe(503);
      // it was marked, not deleted: the origin can confirm it
      e.origin = () => said({ ...sent }, 304);
      const { response: validated, text } = await e.text("/a");
      expect([text, validated.headers.get("x-cache")]).toEqual(["hello", "REVALIDATED"]);
      expect(e.asked.at(-1)?.headers.get("if-modified-since")).toBe(MODIFIED);
      expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
    },
  );

  it.each(["colo", "global"] as const)("that differs marks the copy in %s, too", async (name) => {
    const tier = mapTier(name);
    const lasting = { ...FULL, "cache-control": "max-age=600" };
    const e = testEdge({ lower: [tier], origin: site(lasting, () => said({ ...lasting, etag: '"v2"' })) });
    await e.text("/a");
    await e.text("/a", { ...HEAD, headers: { "cache-control": "no-cache" } });
    const other = testEdge({ lower: [tier], log: e.log, origin: () => said({ ...lasting }, 304) });
    expect((await other.text("/a")).response.headers.get("x-cache")).toBe("REVALIDATED");
  });

  it("that differs is about the variant that it answers, and no other", async () => {
    const varies = { ...FULL, "cache-control": "max-age=10, stale-if-error=600", vary: "x-lang" };
    const inLang = (lang: string) => ({ headers: { "x-lang": lang } });
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: site(varies, () => said({ ...varies, etag: '"v2"' })) });
    for (const lang of ["de", "fr"]) await e.text("/a", inLang(lang));
    e.passes(20);
    await e.text("/a", { ...HEAD, ...inLang("de") });
    const other = testEdge({ lower: [colo], log: e.log, origin: () => answer("down", {}, 503) });
    other.clock.advance(20);
    e.origin = other.origin;
    for (const { text } of [e, other])
      expect([(await text("/a", inLang("de"))).text, (await text("/a", inLang("fr"))).text]).toEqual(["down", "hello"]);
  });

  it("that differs takes a stream out of the colo, which would have to be written anew", async () => {
    const colo = mapTier("colo", 3);
    const e = testEdge({
      lower: [colo],
      memory: { bytes: 100_000, bodyBytes: 3 },
      origin: site(FULL, () => said({ ...FULL, etag: '"v2"' })),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a", HEAD);
    expect((await e.text("/a")).response.headers.get("cache-status")).toContain("fwd=uri-miss");
  });

  it.each([301, 404, 410])("of status %d makes a fresh GET be validated", async (status) => {
    const lasting = { ...FULL, "cache-control": "max-age=600" };
    const e = testEdge({ origin: site(lasting, () => said({}, status)) });
    await e.text("/a");
    await e.text("/a", { ...HEAD, headers: { "cache-control": "no-cache" } });
    e.origin = () => said({ ...lasting }, 304);
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("REVALIDATED");
  });

  it.each([
    ["says nothing of the body", said.bind(null, { "cache-control": "max-age=600" })],
    ["says the same length alone", () => said({ "cache-control": "max-age=600", "content-length": "5" })],
    ["is a 404", () => said({ ...FULL, etag: '"v2"' }, 404)],
    ["is a redirect", () => said({ location: "/b" }, 302)],
    ["is a 500", () => said({}, 500)],
  ])("that %s changes nothing", async (_, head) => {
    const e = await stale(FULL, () => head());
    await e.text("/a", HEAD);
    e.origin = () => said({ ...SHORT, etag: '"v1"' }, 304);
    const { response, text } = await e.text("/a");
    expect([response.headers.get("x-cache"), text]).toEqual(["REVALIDATED", "hello"]);
    expect(e.asked[2]?.headers.get("if-none-match")).toBe('"v1"');
  });

  it.each(["no-store", "private"])("that says %s withdraws it", async (directive) => {
    const sie = { ...FULL, "cache-control": "max-age=10, stale-if-error=600" };
    const e = await stale(sie, () => said({ ...FULL, "cache-control": directive }));
    await e.text("/a", HEAD);
    e.origin = () => answer("down", {}, 503);
    expect((await e.text("/a")).response.status).toBe(503);
  });

  it("to a session does not withdraw the shared response", async () => {
    const shared = { ...FULL, "cache-control": "public, max-age=10, stale-if-error=600" };
    const e = await stale(shared, () => said({ ...FULL, etag: '"alice"' }));
    await e.text("/a", { ...HEAD, headers: { cookie: "sid=alice" } });
    e.origin = () => answer("down", {}, 503);
    expect((await e.text("/a")).text).toBe("hello");
  });

  it("does not make a stale 404 fresh", async () => {
    const e = testEdge({ origin: () => answer("gone", { ...FULL, "content-length": "4" }, 404) });
    await e.text("/a");
    e.passes(20);
    e.origin = site(FULL, () => said({ ...FULL, "content-length": "4" }));
    await e.text("/a", HEAD);
    expect((await e.text("/a")).text).toBe("hello");
  });

  it("freshens the copies in the farther tiers, too", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: site(FULL, () => said(FULL)) });
    await e.text("/a");
    e.passes(20);
    await e.text("/a", HEAD);
    const other = testEdge({ lower: [colo], log: e.log, origin: () => answer("new", FULL) });
    other.clock.advance(20);
    expect((await other.text("/a")).text).toBe("hello");
  });

  it("leaves a stream in the colo as it was", async () => {
    const e = testEdge({
      lower: [mapTier("colo", 3)],
      memory: { bytes: 100_000, bodyBytes: 3 },
      origin: site(FULL, () => said(FULL)),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a", HEAD)).response.status).toBe(200);
    e.origin = () => said({ ...SHORT, etag: '"v1"' }, 304);
    expect((await e.text("/a")).text).toBe("hello");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("updates a fresh GET if the client wants a validation", async () => {
    const e = testEdge({ origin: site(FULL, () => said({ ...FULL, etag: '"v2"' })) });
    await e.text("/a");
    await e.text("/a", { ...HEAD, headers: { "cache-control": "no-cache" } });
    expect((await e.text("/a")).response.headers.get("cache-status")).toContain("fwd=stale");
  });

  it.each<[string, Record<string, string>]>([
    ["no-cache", { "cache-control": "no-cache" }],
    ["max-age=0", { "cache-control": "max-age=0" }],
    ["Pragma", { pragma: "no-cache" }],
    ["a cookie", { "cache-control": "no-cache", cookie: "x=1" }],
    ["a cookie, of what is stale", { cookie: "x=1" }],
    ["a session", { "cache-control": "no-cache", cookie: "sid=alice" }],
    ["Authorization", { "cache-control": "no-cache", authorization: "Bearer a" }],
  ])("to a client with %s does not rewrite the shared response", async (name, headers) => {
    const shared = { ...FULL, "cache-control": "public, max-age=600", "x-own": "old" };
    const e = testEdge({ origin: site(shared, () => said({ ...shared, "x-own": "new" })) });
    await e.text("/a");
    e.passes(name.endsWith("stale") ? 601 : 1);
    expect((await e.text("/a", { ...HEAD, headers })).response.headers.get("x-own")).toBe("new");
    e.origin = () => said({ ...SHORT, etag: '"v1"' }, 304);
    const { response, text } = await e.text("/a");
    expect([text, response.headers.get("x-own")]).toEqual(["hello", "old"]);
    expect(response.headers.get("x-cache")).toBe(name.endsWith("stale") ? "REVALIDATED" : "HIT");
  });

  it.each<[string, Record<string, string>]>([
    ["another tag", { ...FULL, etag: '"v2"' }],
    ["no-store", { ...FULL, "cache-control": "no-store" }],
  ])("to a client with a cookie changes nothing for others: %s", async (_, fields) => {
    const lasting = { ...FULL, "cache-control": "max-age=600" };
    const e = testEdge({ origin: site(lasting, () => said(fields)) });
    await e.text("/a");
    await e.text("/a", { ...HEAD, headers: { "cache-control": "no-cache", cookie: "x=1" } });
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });
});

describe("a purge between a fill and a HEAD", () => {
  it.each([
    ["the tag", { ...SHORT, etag: '"v1"', "cache-tag": "a" }, "HIT"],
    ["the date alone", { ...SHORT, "last-modified": MODIFIED, "cache-tag": "a" }, "REVALIDATED"],
    ["the length alone", { ...SHORT, "content-length": "5", "cache-tag": "a" }, "REVALIDATED"],
  ])("is answered by a confirmation of %s: the next GET is a %3$s", async (_, fields, cache) => {
    const e = testEdge({ origin: site(FULL, () => said(fields)) });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(SOON);
    await e.text("/a", HEAD);
    e.origin = () => said({ ...SHORT, etag: '"v1"' }, 304);
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe(cache);
  });

  it("is not undone by a HEAD that was under way", async () => {
    const [reached, slow] = [barrier(), barrier()];
    const e = await stale(FULL, async () => {
      reached.open();
      await slow.passed;
      return said(FULL);
    });
    const head = e.text("/a", HEAD);
    await reached.passed;
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    slow.open();
    await head;
    expect((await e.text("/a")).response.headers.get("cache-status")).toContain("detail=purged");
  });

  it("that was hard leaves nothing to confirm", async () => {
    const e = testEdge({ origin: site(FULL, () => said(FULL)) });
    await e.text("/a");
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    await e.text("/a", HEAD);
    expect(e.asked[1]?.headers.get("if-none-match")).toBeNull();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });
});

describe("an unsafe request between a fill and a HEAD", () => {
  it("wins over a HEAD that was under way", async () => {
    const [reached, slow] = [barrier(), barrier()];
    const e = await stale(FULL, async () => {
      reached.open();
      await slow.passed;
      return said(FULL);
    });
    const head = e.text("/a", HEAD);
    await reached.passed;
    const before = e.origin;
    e.origin = inTurn(() => answer(null, {}, 204));
    await e.get("/a", { method: "PUT" });
    e.origin = before;
    slow.open();
    await head;
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });
});
