// Owns the proof of a rule's `browser`: each kind of answer gets its lifetime.
import { describe, expect, it } from "vitest";
import type { RuleInput } from "../../../src/policy/schema.ts";
import { answer } from "../../support/edge.ts";
import { cacheOf, fields, ruled } from "../../support/ruled-edge.ts";

const CACHED = { "cache-control": "max-age=60" };
describe("browser", () => {
  const tagged = { ...CACHED, etag: '"v1"' };

  /** Cache-Control and Age of a miss, of a hit 7 s later, of its 304 and of a part of it. */
  async function delivered(rule: Omit<RuleInput, "match">, headers: Record<string, string>) {
    const e = ruled(rule, () => answer("hello", { ...headers, "content-length": "5" }));
    const requests = [{}, {}, fields({ "if-none-match": '"v1"' }), fields({ range: "bytes=0-1" })];
    const answers: (readonly [number, string | null, string | null])[] = [];
    for (const [i, init] of requests.entries()) {
      if (i === 1) e.passes(7);
      const { response } = await e.text("/a", init);
      answers.push([response.status, response.headers.get("cache-control"), response.headers.get("age")]);
    }
    return answers;
  }

  it.each([
    ["a lifetime", { ttl: 300 }, tagged, "max-age=300", "max-age=307"],
    ["none", { ttl: 0 }, tagged, "max-age=0", "max-age=7"],
    ["immutable", { ttl: 300, immutable: true }, tagged, "max-age=300, immutable", "max-age=307, immutable"],
    [
      "a window",
      { ttl: 300, swr: 30 },
      tagged,
      "max-age=300, stale-while-revalidate=30",
      "max-age=307, stale-while-revalidate=30",
    ],
    ["a validation each time", { validate: true }, tagged, "no-cache", "no-cache"],
    ["at most", { ttl: { max: 10 } }, tagged, "max-age=10", "max-age=17"],
    ["at least", { ttl: { min: 100 } }, tagged, "max-age=100", "max-age=107"],
    ["a default that is not needed", { ttl: { default: 10 } }, tagged, "max-age=60", "max-age=60"],
    [
      "a lifetime beside other directives",
      { ttl: 300 },
      { ...tagged, "cache-control": "public, max-age=60" },
      "max-age=300, public",
      "max-age=307, public",
    ],
  ])("gets %s, in each kind of answer", async (_, browser, headers, fresh, aged) => {
    expect(await delivered({ browser }, headers)).toEqual([
      [200, fresh, null],
      [200, aged, "7"],
      [304, aged, "7"],
      [206, aged, "7"],
    ]);
  });

  it("gets its lifetime beside an Age from a cache behind the edge", async () => {
    expect(await delivered({ browser: { ttl: 300 } }, { ...tagged, age: "30" })).toEqual([
      [200, "max-age=330", "30"],
      [200, "max-age=337", "37"],
      [304, "max-age=337", "37"],
      [206, "max-age=337", "37"],
    ]);
  });

  it("gets its lifetime even if the origin gave one to the edge alone", async () => {
    const e = ruled({ edge: { ttl: 600 }, browser: { ttl: { default: 20 } } }, () => answer("hello"));
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.get("cache-control")]).toEqual([cache, "max-age=20"]);
    }
  });

  it("changes nothing for the edge", async () => {
    const e = ruled({ browser: { ttl: 3000 } });
    await e.text("/a");
    e.passes(61);
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });

  it.each(["no-store", "no-cache", "private, no-store, max-age=9"])("gets %s as it is", async (said) => {
    const e = ruled({ browser: { ttl: 300, immutable: true } }, () => answer("hello", { "cache-control": said }));
    expect((await e.text("/a")).response.headers.get("cache-control")).toBe(said);
  });

  it("gets private for a session's answer all the same", async () => {
    const e = ruled({ browser: { ttl: 300 } });
    const { response } = await e.text("/a", fields({ cookie: "sid=alice" }));
    expect(response.headers.get("cache-control")).toBe("max-age=300, private");
  });

  it.each([
    [{ ttl: 300 }, "max-age=300"],
    [{ validate: true }, "no-cache"],
  ])("gets the same from a 304 of the origin's own: %j", async (browser, cacheControl) => {
    const e = ruled({ browser }, (request) =>
      answer(
        request.headers.has("if-none-match") ? null : "x",
        tagged,
        request.headers.has("if-none-match") ? 304 : 200,
      ),
    );
    const init = fields({ authorization: "Bearer alice", "if-none-match": '"v1"' });
    const { response } = await e.text("/a", init);
    expect([response.status, response.headers.get("cache-control")]).toEqual([304, cacheControl]);
  });

  it("gets no Expires beside another lifetime", async () => {
    const expires = "Sun, 22 Nov 2026 12:01:00 GMT";
    const e = ruled({ browser: { ttl: 300 } }, () => answer("hello", { expires }));
    for (const cacheControl of ["max-age=300", "max-age=300"]) {
      const { headers } = (await e.text("/a")).response;
      expect([headers.get("cache-control"), headers.get("expires")]).toEqual([cacheControl, null]);
    }
  });

  it("gets the rule's lifetime for a stale answer, from now", async () => {
    const swr = { "cache-control": "max-age=10, stale-while-revalidate=60" };
    const e = ruled({ browser: { ttl: 5 } }, () => answer("hello", swr));
    await e.text("/a");
    e.passes(20);
    const { headers } = (await e.text("/a")).response;
    expect([headers.get("x-cache"), headers.get("age")]).toEqual(["STALE", "20"]);
    expect(headers.get("cache-control")).toContain("max-age=25");
  });
});
