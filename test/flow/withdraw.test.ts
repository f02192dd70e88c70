// Owns the proof that a response which the origin withdraws is not served again, and that one visitor cannot withdraw it for all.
import { describe, expect, it } from "vitest";
import { answer, inTurn, testEdge } from "../support/edge.ts";
import { partial, ranged, TEN } from "../support/ranged.ts";

const STALE = { "cache-control": "max-age=10, stale-if-error=600", etag: '"v1"' };

describe("a validation answered with a restriction", () => {
  it.each([
    ["a 200", () => answer("secret", { "cache-control": "private" })],
    ["a 304", () => answer(null, { "cache-control": "no-store", etag: '"v1"' }, 304)],
  ])("drops the stored response: %s", async (_, withdrawn) => {
    const e = testEdge({ origin: inTurn(() => answer("shared", STALE), withdrawn) });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    e.origin = () => answer("down", {}, 503);
    expect((await e.text("/a")).response.status).toBe(503);
  });

  it("drops it, too, after a 304 for another tag", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("shared", STALE),
        () => answer(null, { etag: '"v2"' }, 304),
        () => answer("secret", { "cache-control": "private" }),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe("secret");
    e.origin = () => answer("down", {}, 503);
    expect((await e.text("/a")).response.status).toBe(503);
  });

  it.each<[string, Record<string, string>]>([
    ["a cookie of any name", { cookie: "x=1" }],
    ["Authorization", { authorization: "Bearer a" }],
  ])("does not drop it if the request had %s, which may have caused the restriction", async (_, headers) => {
    for (const answers of [
      { "cache-control": "private" },
      { "cache-control": "no-store" },
      { "set-cookie": "a=1" },
      { vary: "*" },
    ]) {
      const lasting = { "cache-control": "public, max-age=600", etag: '"v1"' };
      const e = testEdge({
        origin: inTurn(
          () => answer("shared", lasting),
          () => answer("own", answers),
        ),
      });
      await e.text("/a");
      expect((await e.text("/a", { headers: { ...headers, "cache-control": "no-cache" } })).text).toBe("own");
      const { response, text } = await e.text("/a");
      expect([text, response.headers.get("x-cache")]).toEqual(["shared", "HIT"]);
    }
  });

  it("drops it if a client reloads", async () => {
    const lasting = { "cache-control": "public, max-age=600", etag: '"v1"' };
    const e = testEdge({
      origin: inTurn(
        () => answer("shared", lasting),
        () => answer("own", { "cache-control": "private" }),
      ),
    });
    await e.text("/a");
    await e.text("/a", { headers: { "cache-control": "no-cache" } });
    expect((await e.text("/a")).text).toBe("own");
  });

  it("does not drop it if the request had a session: the restriction may be for that visitor alone", async () => {
    const shared = { ...STALE, "cache-control": "public, max-age=10, stale-if-error=600" };
    const e = testEdge({
      origin: inTurn(
        () => answer("shared", shared),
        () => answer("alice", { "cache-control": "private" }),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a", { headers: { cookie: "sid=alice" } });
    e.origin = () => answer("down", {}, 503);
    expect((await e.text("/a")).text).toBe("shared");
  });
});

describe("a part of a withdrawn response", () => {
  const PART = { "cache-control": "max-age=60", etag: '"v1"' };
  const SECRET = { "cache-control": "private", etag: '"v1"' };
  const secret = () => answer("secret-all", SECRET);
  /** Answers that must not come any more from an edge that held the bytes 0-3. */
  async function afterwards(init: RequestInit, ...answers: readonly (() => Response)[]): Promise<string> {
    const e = testEdge({ origin: () => partial(TEN, 0, 3, PART) });
    await e.text("/a");
    e.origin = inTurn(...answers);
    await e.text("/a", init);
    e.origin = () => answer("asked", { "cache-control": "no-store" });
    return (await e.text("/a", ranged("bytes=0-3"))).text;
  }

  it.each<[string, RequestInit, readonly (() => Response)[]]>([
    ["the whole came instead of the rest", {}, [secret]],
    ["the rest is private", {}, [() => partial(TEN, 4, 9, SECRET), secret]],
    ["the rest is another's, and the whole private", {}, [() => partial(TEN, 4, 9, { ...PART, etag: '"v2"' }), secret]],
    ["a larger range was asked for", ranged("bytes=2-6"), [secret]],
    ["a range behind it was asked for", ranged("bytes=9000000-"), [() => partial(TEN, 4, 9, SECRET)]],
  ])("falls with it: %s", async (_, init, answers) => {
    expect(await afterwards(init, ...answers)).toBe("asked");
  });

  it("stays if the request had a session", async () => {
    expect(await afterwards({ headers: { cookie: "sid=alice" } }, secret)).toBe("0123");
  });
});

describe("a session", () => {
  it("gets a validated answer that may not be shared any more as private", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("a", { "cache-control": "public, max-age=10", etag: '"v1"' }),
        () => answer(null, { "cache-control": "max-age=60", etag: '"v1"' }, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const { response } = await e.text("/a", { headers: { cookie: "sid=alice" } });
    expect(response.headers.get("cache-control")).toBe("max-age=60, private");
  });
});

describe("our own 304", () => {
  const client = { headers: { "if-none-match": '"v1"' } };

  it("answers an unstored response too, since its conditional was kept from the origin", async () => {
    const e = testEdge({ origin: () => answer("a", { "cache-control": "private", etag: '"v1"' }) });
    expect((await e.text("/a", client)).response.status).toBe(304);
  });

  it("does not swallow a cookie", async () => {
    const e = testEdge({ origin: () => answer("a", { etag: '"v1"', "set-cookie": "id=1" }) });
    const { response, text } = await e.text("/a", client);
    expect([response.status, text, response.headers.get("set-cookie")]).toEqual([200, "a", "id=1"]);
  });

  it.each([
    ["a bypassed request", "/b", client],
    ["an authenticated request", "/a", { headers: { ...client.headers, authorization: "Bearer a" } }],
  ])("does not replace the origin's own answer to %s", async (_, path, init) => {
    const e = testEdge({
      site: { rules: [{ match: "/b", bypass: true }] },
      origin: () => answer("a", { etag: '"v1"', "cache-control": "no-cache" }),
    });
    expect((await e.text(path, init)).response.status).toBe(200);
  });
});

describe("a rule", () => {
  it("is not evaded by an encoding that means nothing", async () => {
    const e = testEdge({
      site: { rules: [{ match: "/account/*", bypass: true }] },
      origin: () => answer("a", { "cache-control": "max-age=60" }),
    });
    expect((await e.text("/%61ccount/me")).response.headers.get("cache-status")).toContain("detail=rule");
    expect(new URL(e.asked[0]?.url ?? "").pathname).toBe("/account/me");
  });
});
