// Owns the proof of patience: a stale response stands in for a slow origin, and the fetch goes on.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../../src/tiers/colo.ts";
import type { Entry } from "../../../src/tiers/tier.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { refused, says, silent, stale } from "../../support/failing-origin.ts";

const CACHED = { "cache-control": "max-age=60" };
const SIE = { "cache-control": "max-age=1, stale-if-error=600", etag: '"1"' };
describe("patience", () => {
  it("ends after two seconds with a stale response, while the fetch goes on and is stored", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(1.9);
    await turns(50);
    expect(e.asked).toHaveLength(2);
    e.passes(0.1);
    const response = await waiting;
    expect([await response.text(), says(response)]).toEqual([
      "old",
      "strata; fwd=stale; ttl=-6; detail=stale/stale-if-slow",
    ]);
    slow.open(answer("new", CACHED));
    await e.idle();
    expect((await e.text("/a")).text).toBe("new");
    expect(e.asked).toHaveLength(2);
  });

  it("a 304 that comes later refreshes the stored response", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(2);
    await (await waiting).text();
    slow.open(answer(null, { ...CACHED, etag: '"1"' }, 304));
    await e.idle();
    const next = await e.text("/a");
    expect([next.text, next.response.headers.get("x-cache")]).toEqual(["old", "HIT"]);
  });

  it("followers of the same fetch have it too", async () => {
    const e = await stale();
    e.origin = silent;
    const waiting = Array.from({ length: 20 }, async () => (await e.get("/a")).text());
    await turns(200);
    e.passes(2);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["old"]));
    expect(e.asked).toHaveLength(2);
    // a later follower does not wait as long again
    const later = e.get("/a");
    await turns(200);
    e.passes(0);
    const response = await later;
    expect([await response.text(), says(response)]).toEqual([
      "old",
      "strata; fwd=stale; collapsed; ttl=-6; detail=stale/stale-if-slow",
    ]);
    expect(e.asked).toHaveLength(2);
  });

  it("followers of a failed fetch get a response that another request has fetched meanwhile", async () => {
    const e = await stale();
    e.origin = (request) =>
      request.headers.get("cache-control") === "no-cache" ? answer("new", CACHED) : silent(request);
    const waiting = [e.get("/a"), e.get("/a")];
    await turns(50);
    const third = await e.get("/a", { headers: { "cache-control": "no-cache" } });
    expect(await third.text()).toBe("new");
    await turns(200);
    e.passes(2);
    const [leader, follower] = await Promise.all(waiting.map(async (response) => (await response).text()));
    expect([leader, follower]).toEqual(["old", "new"]);
  });

  it("is the rule's", async () => {
    const site = { origins: { "*": "http://origin.test" }, rules: [{ match: "/*", origin: { patience: 0.5 } }] };
    const e = testEdge({ site, origin: () => answer("old", SIE) });
    await e.text("/a");
    e.passes(5);
    e.origin = silent;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(0.5);
    expect(await (await waiting).text()).toBe("old");
  });

  it.each<[string, HeadersInit]>([
    ["nothing may stand in", { "cache-control": "max-age=1", etag: '"1"' }],
    ["must-revalidate", { "cache-control": "max-age=1, stale-if-error=600, must-revalidate", etag: '"1"' }],
    ["the window is over", { "cache-control": "max-age=1, stale-if-error=2", etag: '"1"' }],
  ])("is endless where %s", async (_, headers) => {
    const e = await stale(headers);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(10);
    await turns(50);
    slow.open(answer("new", CACHED));
    expect(await (await waiting).text()).toBe("new");
  });

  it("is endless for a request that insists on a validation (RFC 9111 5.2.1.4)", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a", { headers: { "cache-control": "no-cache" } });
    await turns(50);
    e.passes(10);
    await turns(50);
    slow.open(answer("new", CACHED));
    expect(await (await waiting).text()).toBe("new");
  });

  it.each<[string, () => Response, unknown]>([
    ["a 304 refreshes it", () => answer(null, { ...CACHED, etag: '"1"' }, 304), { "x-cache": "HIT", is: "old" }],
    ["a new body is stored", () => answer("new", CACHED), { "x-cache": "HIT", is: "new" }],
    ["an error leaves it as it is", () => answer("no", {}, 500), { "x-cache": "STALE", is: "old" }],
  ])("for a streamed body: the client gets it, %s", async (name, late, next) => {
    const cache = await caches.open(`patience: ${name}`);
    const colo = coloTier(() => Promise.resolve(cache), 1000);
    const body = "x".repeat(3000);
    const e = testEdge({ lower: [colo], memory: { bytes: 2 ** 20, bodyBytes: 1000 }, origin: () => answer(body, SIE) });
    await e.text("/a");
    e.passes(5);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    // the colo answers in its own time
    await until(() => e.asked.length > 1, "the origin was asked");
    await turns(50);
    e.passes(2);
    expect(await (await waiting).text()).toBe(body);
    slow.open(late());
    await e.idle();
    e.origin = refused;
    const { response, text } = await e.text("/a");
    expect({ "x-cache": response.headers.get("x-cache"), is: text === body ? "old" : text }).toEqual(next);
  });

  it("a 304 that comes later leaves a response that another request has streamed into the colo meanwhile", async () => {
    const colo = mapTier("colo", 1000);
    const e = testEdge({
      lower: [colo],
      memory: { bytes: 2 ** 20, bodyBytes: 1000 },
      origin: () => answer("x".repeat(3000), SIE),
    });
    await e.text("/a");
    e.passes(5);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await until(() => e.asked.length > 1, "the origin was asked");
    await turns(50);
    e.passes(2);
    await (await waiting).text();
    e.origin = () => answer("y".repeat(3000), { ...CACHED, etag: '"2"' });
    await (await e.get("/a", { headers: { "cache-control": "no-cache" } })).text();
    const isNew = (entry: Entry): boolean => entry.kind === "response" && entry.stored.etag === '"2"';
    await until(() => [...colo.entries.values()].some(isNew), "the new one is stored");
    slow.open(answer(null, { "cache-control": "max-age=6000" }, 304));
    await e.idle();
    e.origin = refused;
    expect((await e.text("/a")).text).toBe("y".repeat(3000));
    e.passes(61);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it.each([
    ["bytes", 2 ** 20],
    ["a stream", 10],
  ])(
    "a private answer that comes later withdraws the stale response that stood in, stored as %s",
    async (_, bodyBytes) => {
      const cache = await caches.open(`withdrawn-${String(bodyBytes)}`);
      const colo = coloTier(() => Promise.resolve(cache), bodyBytes);
      const e = testEdge({
        lower: [colo],
        memory: { bytes: 2 ** 20, bodyBytes },
        origin: () => answer("x".repeat(3000), SIE),
      });
      await e.text("/a");
      e.passes(5);
      const slow = barrier<Response>();
      e.origin = () => slow.passed;
      const waiting = e.get("/a");
      await until(() => e.asked.length > 1, "the origin was asked");
      await turns(50);
      e.passes(2);
      expect((await (await waiting).text()).length).toBe(3000);
      slow.open(answer("mine", { "cache-control": "private" }));
      await e.idle();
      e.origin = refused;
      expect((await e.text("/a")).response.status).toBe(502);
    },
  );

  it("a late fetch that ends in a fault of the edge keeps no follower waiting", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(2);
    expect(await (await waiting).text()).toBe("old");
    Object.defineProperty(e.edge.marks.originBackoff, "add", {
      value: () => {
        throw new Error("ours");
      },
    });
    slow.open(answer("busy", { "retry-after": "5" }, 503));
    await expect(e.idle()).rejects.toThrow("ours");
    expect(e.underWay().fetches).toBe(0);
  });

  it("an error within it is answered at once", async () => {
    const e = await stale();
    e.origin = refused;
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual(["old", "strata; fwd=stale; ttl=-4; detail=stale/stale-if-error"]);
  });
});

describe("an error whose body is broken already", () => {
  const broken = (status: number): Response => {
    const body = new ReadableStream({ start: (c) => c.error(new Error("reset")) });
    return answer(body, { etag: '"2"' }, status);
  };

  it("is no worse than the error: a stale response stands in", async () => {
    const e = await stale();
    e.origin = () => broken(500);
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual([
      "old",
      "strata; fwd=stale; fwd-status=500; ttl=-4; detail=stale/stale-if-error",
    ]);
  });
});
