// Owns the proof of a rule's `query`: key, origin and invalidations see the same reduced query.
import { describe, expect, it } from "vitest";
import { answer } from "../../support/edge.ts";
import { cacheOf, ruled } from "../../support/ruled-edge.ts";

const CACHED = { "cache-control": "max-age=60" };
const queryOf = (request: Request | undefined): string => new URL(request?.url ?? "http://none?").search;
describe("query", () => {
  it.each([
    ["allow", { allow: ["page", "q*"] }, "?x=1&page=2&qq=3&utm=4", "?page=2&qq=3", "?qq=3&page=2"],
    ["deny", { deny: ["utm_*", "gclid"] }, "?utm_a=1&b=2&gclid=3&a=4", "?b=2&a=4", "?a=4&b=2"],
    ["sort", { sort: true }, "?b=2&a=1&b=1", "?a=1&b=2&b=1", "?a=1&b=1&b=2"],
    ["allow and sort", { allow: ["a", "b"], sort: true }, "?b=2&x=1&a=1", "?a=1&b=2", "?a=1&b=3"],
    ["allow none", { allow: [] }, "?b=2&a=1", "", undefined],
    ["names as servers read them", { allow: ["a b"] }, "?a%20b=1&a+b=2&ab=3", "?a%20b=1&a+b=2", "?a%20b=1"],
    ["deny all", { deny: ["*"] }, "?b=2&a=1", "", undefined],
  ])("%s: key and origin have the same", async (_, query, sent, canonical, different) => {
    const e = ruled({ query });
    await e.text(`/a${sent}`);
    expect(queryOf(e.asked[0])).toBe(canonical);
    expect(await cacheOf(e, `/a${canonical}`)).toBe("HIT");
    if (different !== undefined) expect(await cacheOf(e, `/a${different}`)).toBe("MISS");
  });

  it("is reached by a POST that writes its parameters in another order, or more of them", async () => {
    const rule = { query: { deny: ["utm_*"], sort: true } };
    for (const posted of ["?b=2&a=1", "?a=1&b=2", "?utm_x=1&b=2&a=1"]) {
      const e = ruled(rule, ({ method }) => (method === "GET" ? answer("got", CACHED) : answer(null, {}, 204)));
      await e.text("/a?a=1&b=2");
      await e.text("/a?a=1&b=3");
      await e.text(`/a${posted}`, { method: "POST" });
      expect(queryOf(e.asked[2]), "a POST goes as it was sent").toBe(posted);
      expect(await cacheOf(e, "/a?b=2&a=1")).toBe("MISS");
      expect(await cacheOf(e, "/a?a=1&b=3")).toBe("HIT");
    }
  });

  it("is reached by a Location that names more of it", async () => {
    const e = ruled({ query: { deny: ["utm_*"] } }, ({ method }) =>
      method === "GET" ? answer("got", CACHED) : answer(null, { location: "http://origin.test/b?utm_x=1&id=7" }, 303),
    );
    await e.text("/b?id=7");
    await e.text("/a", { method: "POST" });
    expect(await cacheOf(e, "/b?id=7")).toBe("MISS");
  });
});
