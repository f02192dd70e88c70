// Owns the proof of the cost of unsafe requests: they write to KV only where it can have the response, and to the purge log only for
// stored responses. No invalidation is dropped because others wrote much.
import { describe, expect, it } from "vitest";
import type { PurgeOrder, PurgeOutcome } from "../../../src/http/targets/purge-order.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";

const EVERYWHERE = {
  rules: [
    { match: "/api/near/*", global: false, purge: { unsafe: "everywhere" } },
    { match: "/api/*", query: { deny: ["utm_*"] }, purge: { unsafe: "everywhere" } },
  ],
} as const;
const READ = { "cache-control": "max-age=60" };

function recorded(change: Record<string, string>, options: EdgeOptions = {}): { e: TestEdge; orders: PurgeOrder[] } {
  const orders: PurgeOrder[] = [];
  const e = testEdge({
    purge(order) {
      orders.push(order);
      return Promise.resolve({ kind: "purged", seq: orders.length, purgedAtMs: 0, replayed: false });
    },
    origin: (request) => answer("ok", request.method === "GET" ? READ : change),
    ...options,
  });
  return { e, orders };
}

describe("an unsafe request", () => {
  it("purges its targets everywhere, if the rule asks and a response is stored", async () => {
    const { e, orders } = recorded(
      { location: "/api/b?utm_x=1&c=2", "content-location": "/plain" },
      { site: EVERYWHERE },
    );
    for (const path of ["/api/a?b=1", "/api/b?c=2", "/plain"]) await e.text(path);
    await e.text("/api/a?utm_source=x&b=1", { method: "POST" });
    expect(orders).toEqual([
      {
        targets: [
          { kind: "url", value: "https://shop.test/api/a?b=1" },
          { kind: "url", value: "https://shop.test/api/b?c=2" },
        ],
        mode: "hard",
        actor: expect.stringMatching(/^origin http:\/\/origin\.test/),
        asked: ["https://shop.test/api/a?b=1", "https://shop.test/api/b?c=2"],
        rate: { perSecond: 10, burst: 100 },
        requestId: "request-1",
      },
    ]);
  });

  it.each([
    ["where no rule asks", "/other", "POST", 200],
    ["that fails", "/api/a", "POST", 500],
    ["that is safe", "/api/a", "OPTIONS", 200],
    ["that is safe and has a body", "/api/a", "QUERY", 200],
    ["that WebDAV calls safe", "/api/a", "PROPFIND", 207],
  ])("writes nothing: %s", async (_, path, method, status) => {
    const { e, orders } = recorded({}, { site: EVERYWHERE });
    await e.text(path);
    e.origin = () => answer("ok", {}, status);
    await e.text(path, { method });
    expect(orders).toEqual([]);
  });

  it("counts by origin, not by host, because clients choose the host", async () => {
    const { e, orders } = recorded({ "cache-group-invalidation": '"g"' });
    for (const host of ["a.test", "b.test"]) await e.text(`https://${host}/x`, { method: "POST" });
    expect(new Set(orders.map(({ actor }) => actor)).size).toBe(1);
  });

  it.each(["limited", "conflict"] as const)(
    "is answered all the same where the log says %s, which is reported",
    async (kind) => {
      const { e } = recorded(
        { "cache-group-invalidation": '"g"' },
        { purge: () => Promise.resolve(kind === "limited" ? { kind, retryAfterSeconds: 1 } : { kind }) },
      );
      expect((await e.text("/x", { method: "POST" })).response.status).toBe(200);
      expect(e.reports.map(String).join()).toContain(kind);
    },
  );
});

it.each(["QUERY", "PROPFIND", "REPORT", "SEARCH", "OPTIONS"])("a %s leaves the stored response", async (method) => {
  const e = testEdge({
    origin: (request) =>
      request.method === "GET"
        ? answer("kept", { "cache-control": "max-age=60" })
        : answer("ok", { location: "/b", "cache-group-invalidation": '"g"' }, 201),
  });
  await e.text("/a");
  const body = method === "OPTIONS" ? {} : { body: "question" };
  expect((await e.text("/a", { method, ...body })).response.status).toBe(201);
  expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
});

describe("KV shows a deleted entry for a minute", () => {
  const CACHED = { "cache-control": "max-age=600", vary: "x-lang" };

  it.each([
    ["an unsafe request", { method: "PUT", body: "new" }, {}],
    ["a withdrawal of the resource", { headers: { "cache-control": "no-cache" } }, { "cache-control": "private" }],
  ])("but a response that %s has ended does not come back with it, in any variant", async (_, init, headers) => {
    const late = { ...mapTier("global"), delete: () => undefined };
    const e = testEdge({ lower: [late], origin: () => answer("old", CACHED) });
    const french = { headers: { "x-lang": "fr" } };
    await e.text("/a");
    await e.text("/a", french);
    e.passes(1);
    e.origin = () => answer("", headers);
    await e.text("/a", init);
    e.origin = () => answer("new", CACHED);
    expect([(await e.text("/a")).text, (await e.text("/a", french)).text]).toEqual(["new", "new"]);
    // nor does it replace the new response
    const { response, text } = await e.text("/a", french);
    expect([response.headers.get("x-cache"), text]).toEqual(["HIT", "new"]);
  });
});

describe("only stored responses are purged everywhere", () => {
  const stored = (tier: "memory" | "colo" | "global" | "nowhere") => async () => {
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    const first = recorded({}, { site: EVERYWHERE, lower: [colo, global] });
    if (tier !== "nowhere") await first.e.text("/api/a");
    if (tier === "global") colo.entries.clear();
    if (tier === "memory") return first;
    return recorded({}, { site: EVERYWHERE, lower: [colo, global], log: first.e.log });
  };

  it.each([
    ["in memory", stored("memory"), 1],
    ["in the colo", stored("colo"), 1],
    ["in KV, by another colo", stored("global"), 1],
    ["nowhere", stored("nowhere"), 0],
  ])("%s", async (_, arrange, rows) => {
    const { e, orders } = await arrange();
    await e.text("/api/a", { method: "POST" });
    expect(orders).toHaveLength(rows);
    // no request has fetched it since, so there is nothing more to purge
    for (let i = 0; i < 5; i++) await e.text("/api/a", { method: "POST" });
    expect(orders).toHaveLength(rows);
  });

  it("a variant is enough", async () => {
    const { e, orders } = recorded({}, { site: EVERYWHERE, lower: [mapTier("colo")] });
    e.origin = (request) => answer("ok", request.method === "GET" ? { ...READ, vary: "x-lang" } : {});
    await e.text("/api/a", { headers: { "x-lang": "de" } });
    await e.text("/api/a", { method: "POST" });
    expect(orders).toHaveLength(1);
  });

  it("if KV fails, a response counts as stored", async () => {
    const global = mapTier("global");
    const { e, orders } = recorded({}, { site: EVERYWHERE, lower: [global] });
    global.head = () => Promise.resolve({ kind: "unknown" });
    await e.text("/api/a", { method: "POST" });
    expect(orders).toHaveLength(1);
  });

  it("under a rule without KV every invalidation is purged, since no tier knows", async () => {
    const { e, orders } = recorded({}, { site: EVERYWHERE });
    await e.text("/api/near/a", { method: "POST" });
    expect(orders).toHaveLength(1);
  });

  it("a thousand invented URLs write nothing, and a change of a stored response is purged after them", async () => {
    const e = testEdge({
      site: EVERYWHERE,
      lower: [mapTier("global")],
      origin: (request) => answer("ok", request.method === "GET" ? READ : {}),
    });
    await e.text("/api/a");
    for (let i = 0; i < 1000; i++) await e.text(`/api/${String(i)}`, { method: "POST" });
    expect(e.log.delta(undefined).seq).toBe(0);
    await e.text("/api/a", { method: "PUT" });
    expect(e.log.delta(undefined).seq).toBe(1);
  });
});

describe("many changes at once", () => {
  it("of one URL are two orders: the one under way, and one for all that came meanwhile", async () => {
    const gate = barrier();
    const orders: PurgeOrder[] = [];
    const site = EVERYWHERE;
    const { e } = recorded(
      {},
      {
        site,
        async purge(order) {
          orders.push(order);
          await gate.passed;
          return { kind: "purged", seq: orders.length, purgedAtMs: 0, replayed: false };
        },
      },
    );
    const all = Array.from({ length: 50 }, () => e.get("/api/near/a", { method: "POST" }));
    await until(() => orders.length === 1, "the first is under way");
    await turns(500);
    gate.open();
    for (const response of await Promise.all(all)) expect(response.status).toBe(200);
    await e.idle();
    expect(orders).toHaveLength(2);
  });

  it("beyond the rate make the edge validate the whole host, once for all that came meanwhile", async () => {
    const gate = barrier();
    const orders: PurgeOrder[] = [];
    const { e } = recorded(
      {},
      {
        site: EVERYWHERE,
        async purge(order): Promise<PurgeOutcome> {
          orders.push(order);
          if (order.rate) return { kind: "limited", retryAfterSeconds: 1 };
          await gate.passed;
          return { kind: "purged", seq: orders.length, purgedAtMs: 0, replayed: false };
        },
      },
    );
    const all = Array.from({ length: 50 }, (_, i) => e.get(`/api/near/${String(i)}`, { method: "POST" }));
    await until(() => orders.some(({ rate }) => !rate), "the host is purged");
    await turns(1000);
    gate.open();
    await Promise.all(all);
    await e.idle();
    const folds = orders.filter(({ rate }) => !rate);
    expect(folds).toHaveLength(4);
    expect(folds[0]).toMatchObject({ targets: [{ kind: "host", value: "shop.test" }], mode: "soft" });
    expect(e.reports.map(String).join()).toContain("all of shop.test is validated");
  });

  it("are never dropped: beyond the rate, responses are validated before they answer, and unchanged ones are not fetched anew", async () => {
    let version = 1;
    const e = testEdge({
      site: EVERYWHERE,
      origin: (request) => {
        if (request.method !== "GET") return answer("ok", { "cache-group-invalidation": '"g"' });
        const headers = { "cache-control": "max-age=60, stale-while-revalidate=600", etag: `"${String(version)}"` };
        return request.headers.get("if-none-match") === headers.etag
          ? answer(null, headers, 304)
          : answer(`v${String(version)}`, headers);
      },
    });
    const { purge } = e.edge.purges;
    Object.defineProperty(e.edge.purges, "purge", {
      value: (order: PurgeOrder) =>
        order.rate ? Promise.resolve({ kind: "limited", retryAfterSeconds: 1 } as const) : purge(order),
    });
    for (const path of ["/changed", "/same"]) await e.text(path);
    await e.text("/x", { method: "POST" });
    e.passes(1);
    expect((await e.text("/same")).response.headers.get("cache-status")).toContain("soft-purged/validated");
    version = 2;
    const { response, text } = await e.text("/changed");
    expect([text, response.headers.get("cache-status")]).toEqual(["v2", expect.stringContaining("soft-purged")]);
  });

  it("go on by themselves if they wait for an order whose request is gone", async () => {
    const orders: PurgeOrder[] = [];
    const { e } = recorded(
      {},
      {
        site: EVERYWHERE,
        purge(order) {
          orders.push(order);
          if (orders.length === 1) return new Promise(() => undefined);
          return Promise.resolve({ kind: "purged", seq: 2, purgedAtMs: 0, replayed: false });
        },
      },
    );
    void e.get("/api/near/a", { method: "POST" });
    await until(() => orders.length === 1, "the first is under way");
    const second = e.get("/api/near/a", { method: "POST" });
    await turns(500);
    e.passes(4);
    expect((await second).status).toBe(200);
    expect(orders).toHaveLength(2);
  });
});

describe("KV and an unsafe request", () => {
  const RULES = {
    rules: [
      { match: "/pass/*", bypass: true },
      { match: "/near/*", global: false },
    ],
  };
  const edgeWithKv = () => {
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    let version = 0;
    const origin = (request: Request): Response =>
      request.method === "GET" ? answer(`v${String((version += 1))}`, READ) : answer("ok");
    return { global, colo, e: testEdge({ site: RULES, lower: [colo, global], origin }) };
  };

  it.each([
    ["under bypass", "/pass/a", 0],
    ["where the rule keeps nothing in KV", "/near/a", 0],
    ["elsewhere", "/a", 1],
  ])("%s: %3$d deletes, and no other operation", async (_, path, deletes) => {
    const { e, global } = edgeWithKv();
    await e.text(path, { method: "POST" });
    expect(global.calls).toEqual({ get: 0, put: 0, look: 0, delete: deletes });
  });

  it("do not wait for each other: the client's next request finds nothing old, and the late delete spares its stored response", async () => {
    const { e, global, colo } = edgeWithKv();
    await e.text("/a");
    const slow = barrier();
    const forget = (key: Parameters<typeof global.delete>[0]) => void global.entries.delete(key);
    global.delete = async (key) => {
      await slow.passed;
      forget(key);
    };
    expect((await e.get("/a", { method: "PUT" })).status).toBe(200);
    expect([colo.entries.size, global.entries.size]).toEqual([0, 1]);
    const next = await e.get("/a");
    expect([await next.text(), next.headers.get("x-cache")]).toEqual(["v2", "MISS"]);
    // as long as it takes
    e.memory.delete([...global.entries.keys()][0] as Parameters<typeof e.memory.delete>[0]);
    colo.entries.clear();
    expect(await (await e.get("/a")).text()).toBe("v3");
    slow.open();
    await e.idle();
    expect(global.entries.size).toBe(1);
    const later = testEdge({ lower: [global], log: e.log });
    expect((await later.text("/a")).text).toMatch(/^v[23]$/);
  });
});
