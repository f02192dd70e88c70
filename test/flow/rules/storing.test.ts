// Owns the proof of the rule settings that decide about storing: `edge.status`, `setCookie` and `guard`.
import { describe, expect, it } from "vitest";
import { answer, inTurn, type Origin } from "../../support/edge.ts";
import { cacheOf, fields, ruled } from "../../support/ruled-edge.ts";

const CACHED = { "cache-control": "max-age=60" };
describe("edge.status", () => {
  const status = { "404": 60, "5xx": 10, "503": 5 };

  it.each([
    [404, 60],
    [500, 10],
    [502, 10],
    [503, 5],
  ])("gives a %i its %i seconds, although the origin gives it none", async (code, seconds) => {
    const e = ruled({ edge: { status } }, () => answer("no", {}, code));
    const first = await e.text("/a");
    expect(first.response.headers.get("cache-status")).toContain("stored");
    e.passes(seconds - 1);
    const { response, text } = await e.text("/a");
    expect([response.status, text, response.headers.get("x-cache")]).toEqual([code, "no", "HIT"]);
    e.passes(1);
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });

  it("gives no lifetime to other statuses, nor to answers that must not be stored", async () => {
    const e = ruled({ edge: { status } }, (request) =>
      request.url.endsWith("/private")
        ? answer("no", { "cache-control": "private" }, 404)
        : answer("no", {}, request.url.endsWith("/403") ? 403 : 200),
    );
    for (const path of ["/403", "/200", "/private"]) {
      await e.text(path);
      expect(await cacheOf(e, path), path).toBe("MISS");
    }
  });

  it("does not replace a response that stale-if-error covers", async () => {
    const sie = { "cache-control": "max-age=10, stale-if-error=60" };
    const e = ruled(
      { edge: { status } },
      inTurn(
        () => answer("hello", sie),
        () => answer("no", {}, 503),
      ),
    );
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe("hello");
    expect((await e.text("/a")).text).toBe("hello");
  });
});

describe("setCookie: strip", () => {
  const setting: Origin = () => {
    const headers = new Headers({ ...CACHED, etag: '"v1"' });
    headers.append("set-cookie", "id=1");
    headers.append("set-cookie", "theme=dark");
    return answer("hello", headers);
  };

  it("stores and delivers answers without their cookies", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.getSetCookie()]).toEqual([cache, []]);
    }
  });

  it("holds for a 304 as well", async () => {
    const e = ruled({ setCookie: "strip" }, (request) =>
      request.headers.has("if-none-match")
        ? answer(null, { ...CACHED, etag: '"v1"', "set-cookie": "id=2" }, 304)
        : answer("hello", { ...CACHED, etag: '"v1"', "set-cookie": "id=1" }),
    );
    await e.text("/a");
    e.passes(61);
    for (const cache of ["REVALIDATED", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.getSetCookie()]).toEqual([cache, []]);
    }
  });

  it("leaves the cookies of answers that bypass the cache", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    expect((await e.text("/a", { method: "POST" })).response.headers.getSetCookie()).toHaveLength(2);
  });

  it("does not share a session's answer", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    await e.text("/a", fields({ cookie: "sid=alice" }));
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });
});

describe("guard: false", () => {
  it.each([
    ["an ambiguous path", "/a%2fb", "text/plain"],
    ["a page under the name of a file", "/account/x.css", "text/html"],
  ])("stores %s", async (_, path, type) => {
    for (const [guard, cache] of [
      [undefined, "MISS"],
      [false, "HIT"],
    ] as const) {
      const e = ruled(guard === undefined ? {} : { guard }, () => answer("x", { ...CACHED, "content-type": type }));
      await e.text(path);
      expect(await cacheOf(e, path)).toBe(cache);
    }
  });
});
