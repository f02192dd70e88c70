// Owns the proof of what unsafe requests write into the purge log: what a rule asks for, under the origin's name, at a bounded rate.
import { describe, expect, it } from "vitest";
import type { PurgeOrder } from "../../src/http/purge-order.ts";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "../support/edge.ts";

const EVERYWHERE = {
  rules: [{ match: "/api/*", query: { deny: ["utm_*"] }, purge: { unsafe: "everywhere" } }],
} as const;

function recorded(change: Record<string, string>, options: EdgeOptions = {}): { e: TestEdge; orders: PurgeOrder[] } {
  const orders: PurgeOrder[] = [];
  const e = testEdge({
    purge(order) {
      orders.push(order);
      return Promise.resolve({ kind: "purged", seq: orders.length, purgedAtMs: 0, replayed: false });
    },
    origin: (request) => answer("ok", request.method === "GET" ? { "cache-control": "max-age=60" } : change),
    ...options,
  });
  return { e, orders };
}

describe("an unsafe request", () => {
  it("purges what it invalidates everywhere, where the rule asks", async () => {
    const { e, orders } = recorded(
      { location: "/api/b?utm_x=1&c=2", "content-location": "/plain" },
      { site: EVERYWHERE },
    );
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
    const { e, orders } = recorded({}, { site: EVERYWHERE, origin: () => answer("ok", {}, status) });
    await e.text(path, { method });
    expect(orders).toEqual([]);
  });

  it("has one name for all hosts that one origin answers for: clients choose the host", async () => {
    const { e, orders } = recorded({ "cache-group-invalidation": '"g"' });
    for (const host of ["a.test", "b.test"]) await e.text(`https://${host}/x`, { method: "POST" });
    expect(new Set(orders.map(({ actor }) => actor)).size).toBe(1);
  });

  it.each(["limited", "conflict"] as const)(
    "is answered all the same where the log says %s, and that is told",
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

it.each(["QUERY", "PROPFIND", "REPORT", "SEARCH", "OPTIONS"])("a %s leaves what is stored", async (method) => {
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
