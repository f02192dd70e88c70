// Owns the proof that an answer for one client reaches no other.
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../support/edge.ts";

const alice = { headers: { authorization: "Bearer alice" } };
const bob = { headers: { authorization: "Bearer bob" } };
const aliceCookie = { headers: { cookie: "theme=dark; sid=alice" } };
const bobCookie = { headers: { cookie: "sid=bob" } };

/** Answers with the client's credentials. */
const whoAsked = (headers: HeadersInit) => (request: Request) =>
  answer(request.headers.get("authorization") ?? request.headers.get("cookie") ?? "nobody", headers);

describe("sharing", () => {
  it.each([
    ["private", { "cache-control": "private, max-age=60" }],
    ["no-store", { "cache-control": "no-store" }],
    ["no-store in capitals", { "cache-control": "NO-STORE, max-age=60" }],
    ["private for this cache", { "cache-control": "max-age=60", "cdn-cache-control": "private" }],
    ["set-cookie", { "cache-control": "max-age=60", "set-cookie": "id=1" }],
    ["vary-cookie", { "cache-control": "max-age=60", vary: "Cookie" }],
    ["vary-authorization", { "cache-control": "public, max-age=60", vary: "Authorization" }],
    ["vary-star", { "cache-control": "max-age=60", vary: "*" }],
    ["no-lifetime", {}],
  ])("does not store an answer with %s", async (name, headers) => {
    let count = 0;
    const e = testEdge({ origin: () => answer(String(++count), headers) });
    const first = await e.text("/a");
    expect(first.response.headers.get("cache-status")).not.toContain("stored");
    const reason = /^[a-z]+(?:-[a-z]+)?/.exec(name.replace(/ .*/, ""))?.[0] ?? "";
    expect(first.response.headers.get("cache-status")).toContain(`detail=uri-miss/${reason}`);
    expect((await e.text("/a")).text).toBe("2");
    expect(e.memory.usedBytes).toBe(0);
  });

  it("gives the answer to one bearer to no other, and to no anonymous client", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60" }) });
    expect((await e.text("/me", alice)).text).toBe("Bearer alice");
    expect((await e.text("/me", bob)).text).toBe("Bearer bob");
    expect((await e.text("/me")).text).toBe("nobody");
    expect((await e.text("/me", bob)).text).toBe("Bearer bob");
  });

  it.each(["public, max-age=60", "s-maxage=60", "must-revalidate, max-age=60"])(
    "shares an answer to a bearer that says %s",
    async (cacheControl) => {
      const e = testEdge({ origin: whoAsked({ "cache-control": cacheControl }) });
      await e.text("/a", alice);
      expect((await e.text("/a", bob)).text).toBe("Bearer alice");
    },
  );

  it("gives the answer to one session to no other, and to no anonymous client", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60" }) });
    expect((await e.text("/me", aliceCookie)).text).toContain("sid=alice");
    expect((await e.text("/me", bobCookie)).text).toContain("sid=bob");
    expect((await e.text("/me")).text).toBe("nobody");
    expect((await e.text("/me", bobCookie)).text).toContain("sid=bob");
  });

  it.each(["sid", "SID", "PHPSESSID", "wordpress_logged_in_1", "__Host-session", "sb-x-auth-token"])(
    "counts the cookie %s as a session, also behind another in a joined field",
    async (name) => {
      const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60" }) });
      for (const cookie of [`${name}=1`, `a=1; ${name}=1`, `a=1, ${name}=1`, name]) {
        const { response } = await e.text("/me", { headers: { cookie } });
        expect(response.headers.get("cache-status"), cookie).toContain("session-response");
      }
      expect(e.memory.usedBytes).toBe(0);
    },
  );

  it("shares a public response with sessions, without the origin", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "public, max-age=60" }) });
    await e.text("/a");
    expect((await e.text("/a", aliceCookie)).text).toBe("nobody");
    expect(e.asked).toHaveLength(1);
  });

  it("marks an unshared answer to a session private, whatever the origin said to caches below", async () => {
    const headers = { "cache-control": "max-age=60, s-maxage=0, public", "cdn-cache-control": "no-store" };
    const e = testEdge({ origin: whoAsked(headers) });
    const { response } = await e.text("/me", aliceCookie);
    expect(response.headers.get("cache-control")).toBe("max-age=60, private");
    expect(response.headers.get("cdn-cache-control")).toBeNull();
  });

  it("marks an answer that bypasses the cache private, too", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60" }) });
    const { response } = await e.text("/me", { method: "POST", ...aliceCookie });
    expect(response.headers.get("cache-control")).toBe("max-age=60, private");
  });

  it("leaves an unshared answer to a bearer as it is", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60" }) });
    expect((await e.text("/me", alice)).response.headers.get("cache-control")).toBe("max-age=60");
  });

  it("shows no other client's validators to the origin, nor its body to the client", async () => {
    const e = testEdge({ origin: whoAsked({ "cache-control": "max-age=60", etag: '"shared"' }) });
    await e.text("/a");
    e.passes(100);
    expect((await e.text("/a", alice)).text).toBe("Bearer alice");
    expect(e.asked[1]?.headers.get("if-none-match")).toBeNull();
  });

  it("forwards the client's own conditionals where the answer is for it alone", async () => {
    const e = testEdge({
      origin: (request) =>
        request.headers.get("if-none-match") === '"mine"'
          ? answer(null, { etag: '"mine"' }, 304)
          : answer("x", { etag: '"mine"', "cache-control": "private" }),
    });
    const headers = { ...alice.headers, "if-none-match": '"mine"' };
    expect((await e.text("/me", { headers })).response.status).toBe(304);
    expect((await e.text("/me", alice)).text).toBe("x");
  });

  it("keeps Set-Cookie for the client it was sent to", async () => {
    const headers = { "cache-control": 'max-age=60, private="set-cookie"', "set-cookie": "id=alice" };
    const e = testEdge({ origin: () => answer("x", headers) });
    expect((await e.text("/a")).response.headers.getSetCookie()).toEqual(["id=alice"]);
    const hit = await e.text("/a");
    expect(hit.response.headers.get("x-cache")).toBe("HIT");
    expect(hit.response.headers.getSetCookie()).toEqual([]);
  });

  it("passes several cookies on as several", async () => {
    const headers = new Headers([
      ["set-cookie", "a=1; Expires=Sun, 22 Nov 2026 12:00:00 GMT"],
      ["set-cookie", "b=2"],
    ]);
    const e = testEdge({ origin: () => answer("x", headers) });
    expect((await e.text("/a")).response.headers.getSetCookie()).toHaveLength(2);
  });

  it.each(["/a%2fb", "/a;x=1", "/a%00b", "/a%5cb", "/a%252fb", "//a"])(
    "never stores the answer of the ambiguous path %s",
    async (path) => {
      const e = testEdge({ origin: () => answer("x", { "cache-control": "public, max-age=60" }) });
      expect((await e.text(`https://shop.test${path}`)).response.headers.get("cache-status")).toContain(
        "ambiguous-path",
      );
    },
  );

  it("never stores a page under the name of a static file", async () => {
    const headers = { "cache-control": "max-age=60", "content-type": "text/html" };
    const e = testEdge({ origin: () => answer("<p>alice", headers) });
    expect((await e.text("/account/x.css")).response.headers.get("cache-status")).toContain("type-mismatch");
  });
});
