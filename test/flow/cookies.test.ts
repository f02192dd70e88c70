// Owns the proof of what cookies do to a request: whose answer is shared, what reaches the origin, and what passes by.
import { describe, expect, it } from "vitest";
import { answer, type Origin } from "../support/edge.ts";
import { detail, warm } from "../support/warm.ts";

const CACHED = { "cache-control": "max-age=60" };

/** Greets by the cookies it is sent. */
const greeting =
  (fields: Record<string, string> = CACHED): Origin =>
  ({ headers }) =>
    answer(`hello ${headers.get("cookie") ?? "anybody"}`, fields);

const withCookie = (cookie: string): RequestInit => ({ headers: { cookie } });

it("an answer to an unknown cookie is its client's own, but such a client reads the response stored for everybody", async () => {
  const e = await warm({ origin: greeting() });
  const { response, text } = await e.text("/a", withCookie("who=alice"));
  expect([text, detail(response)]).toEqual(["hello who=alice", "uri-miss/unknown-cookie"]);
  expect(response.headers.get("cache-control")).toBe("max-age=60, private");
  expect((await e.text("/a")).text).toBe("hello anybody");
  expect((await e.text("/a", withCookie("who=bob"))).text).toBe("hello anybody");
  expect(e.asked).toHaveLength(2);
});

it("a session neither fills nor reads, whatever its cookie's name", async () => {
  const e = await warm({ origin: greeting() });
  await e.text("/a");
  for (const cookie of [
    "shop_session=1",
    "my.sid=1",
    "accessToken=1",
    "__Host-auth=1",
    "_app_key=1",
    "x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
  ]) {
    const { response, text } = await e.text("/a", withCookie(cookie));
    expect([text, detail(response)], cookie).toEqual([`hello ${cookie}`, "session-cookie/session-response"]);
  }
});

it.each(["public, max-age=60", "s-maxage=60"])(
  "the origin's word %j makes an unknown cookie's answer everybody's",
  async (says) => {
    const e = await warm({ origin: greeting({ "cache-control": says }) });
    await e.text("/a", withCookie("who=alice"));
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  },
);

it("a rule's lifetime does not make it everybody's", async () => {
  const e = await warm({ site: { rules: [{ match: "/*", edge: { ttl: 60 } }] }, origin: greeting({}) });
  expect(detail((await e.text("/a", withCookie("who=alice"))).response)).toBe("uri-miss/unknown-cookie");
});

describe("a rule that says what cookies mean", () => {
  it("vary.cookies: each value is a variant, and other cookies do not reach the origin", async () => {
    const e = await warm({ site: { rules: [{ match: "/*", vary: { cookies: ["theme"] } }] }, origin: greeting() });
    for (const [cookie, text] of [
      ["theme=dark; who=alice", "hello theme=dark"],
      ["theme=dark; who=bob", "hello theme=dark"],
      ["theme=light", "hello theme=light"],
    ] as const)
      expect((await e.text("/a", withCookie(cookie))).text).toBe(text);
    expect(e.asked).toHaveLength(2);
  });

  it('cookies: "ignore": none reaches the origin, and all share one answer', async () => {
    const e = await warm({ site: { rules: [{ match: "/*", cookies: "ignore" }] }, origin: greeting() });
    for (const cookie of ["who=alice", "sid=1", "theme=dark; sid=2"])
      expect((await e.text("/a", withCookie(cookie))).text).toBe("hello anybody");
    expect(e.asked).toHaveLength(1);
    // but a request that passes by the cache has its own
    expect((await e.text("/a", { method: "POST", ...withCookie("sid=1") })).text).toBe("hello sid=1");
  });

  it.each<[string, object]>([
    ['cookies: "ignore"', { cookies: "ignore" }],
    ["vary.cookies", { vary: { cookies: ["theme"] } }],
  ])("%s: the answer to a POST, which goes with all of them, is its client's own", async (_, rule) => {
    const e = await warm({
      site: { rules: [{ match: "/*", storePost: true, ...rule }] },
      origin: greeting({ ...CACHED, "content-location": "/a" }),
    });
    for (const cookie of ["sid=alice", "who=alice"]) {
      const { response } = await e.text("/a", { method: "POST", ...withCookie(cookie) });
      expect(response.headers.get("cache-status")).not.toContain("stored");
      expect((await e.text("/a")).text).not.toContain("alice");
      await e.text("/a", { method: "POST" });
    }
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("the site's list of harmless cookies: none makes an answer its client's own", async () => {
    const e = await warm({ site: { session: { harmless: ["theme"] } }, origin: greeting() });
    expect((await e.text("/a", withCookie("theme=dark"))).text).toBe("hello anybody");
    expect((await e.text("/a", withCookie("theme=light"))).response.headers.get("x-cache")).toBe("HIT");
  });
});

it.each([
  "__prerender_bypass=1",
  "__next_preview_data=1",
  "sanity-preview=1",
  "_storyblok_draft_mode=1",
  "theme=dark; CraftPreview=1",
])("an editor with %s passes by, and stores nothing", async (cookie) => {
  const e = await warm({ origin: greeting({ "cache-control": "public, max-age=60" }) });
  await e.text("/a");
  const { response, text } = await e.text("/a", withCookie(cookie));
  expect([text, detail(response)]).toEqual([`hello ${cookie}`, "preview"]);
  expect(response.headers.get("cache-control")).toContain("private");
  expect((await e.text("/a")).text).toBe("hello anybody");
});

it("requests share a flight only if they agree on having unknown cookies", async () => {
  const e = await warm({ origin: greeting({ "cache-control": "public, max-age=60" }) });
  const texts = await Promise.all(
    ["who=1", "who=2", "who=3", undefined, undefined].map(
      async (cookie) => (await e.text("/a", cookie === undefined ? {} : withCookie(cookie))).text,
    ),
  );
  // one fetch for the requests with an unknown cookie, one for the requests without; neither waits for the other
  expect(e.asked).toHaveLength(2);
  expect(texts.slice(3)).toEqual(["hello anybody", "hello anybody"]);
});
