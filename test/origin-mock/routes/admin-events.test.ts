// Proves what administrators see and do about events: the backlog, dead letters, driving them again, invalidating everything.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markRefused } from "../../../origin-mock/db/outbox.ts";
import { DATABASES } from "../support/databases.ts";
import { receipt } from "../support/edge.ts";
import { happen, TRACE, updated } from "../support/events.ts";
import { ADMIN, json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const NO_EVENT = "00000000-0000-4000-8000-000000000000";

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  beforeEach(async () => {
    await shop.db.script("DELETE FROM outbox");
    shop.edge.purges.length = 0;
    shop.edge.answer = receipt;
  });

  const get = (path: string): Promise<Response> => shop.request(`/api/admin${path}`, { headers: ADMIN });
  const post = (path: string, body?: unknown): Promise<Response> =>
    shop.request(`/api/admin${path}`, { method: "POST", headers: ADMIN, body: JSON.stringify(body) ?? null });

  test.each([
    ["GET", "/events"],
    ["GET", "/events/dead"],
    ["POST", `/events/dead/${NO_EVENT}/redrive`],
    ["POST", "/invalidate"],
  ])("%s %s is for administrators, and stored nowhere", async (method, path) => {
    for (const [headers, status] of [
      [{}, 401],
      [{ Cookie: "sid=x" }, 401],
      [{ Authorization: "Bearer alice-token" }, 403],
    ] as const) {
      const response = await shop.request(`/api/admin${path}`, { method, headers });
      expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/problem+json"]);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  test.each([
    ["/events", "GET, HEAD"],
    ["/events/dead", "GET, HEAD"],
    [`/events/dead/${NO_EVENT}/redrive`, "POST"],
    ["/invalidate", "POST"],
  ])("%s has the methods it has", async (path, allow) => {
    const response = await shop.request(`/api/admin${path}`, { method: "PATCH", headers: ADMIN });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
  });

  test("the backlog counts what waits, what the stream has, and what was given up", async () => {
    expect(await json(await get("/events"))).toEqual({ waiting: 0, published: 0, dead: 0, oldest_seconds: null });
    shop.edge.answer = (response) => void response.writeHead(503).end();
    await happen(shop.db, updated(1));
    await shop.handleEvents();
    await happen(shop.db, updated(2));
    await markRefused(shop.db, await happen(shop.db, updated(3)), "no", 1);
    const response = await get("/events");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await json(response)).toEqual({ waiting: 2, published: 1, dead: 1, oldest_seconds: expect.any(Number) });
  });

  test("a dead letter is listed with its reason, and driven again", async () => {
    const id = await happen(shop.db, updated(1));
    await markRefused(shop.db, id, "the edge answered 400: no", 1);
    const response = await get("/events/dead");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await json(response)).toEqual({
      dead: [
        expect.objectContaining({
          id,
          entity: "product:1",
          event: updated(1),
          reason: "the edge answered 400: no",
          request_id: TRACE.requestId,
        }),
      ],
    });
    expect((await post(`/events/dead/${id}/redrive`)).status).toBe(202);
    expect((await post(`/events/dead/${id}/redrive`)).status).toBe(404);
    expect(await json(await get("/events"))).toMatchObject({ waiting: 1, dead: 0 });
  });

  test("what is no event's id is refused", async () => {
    const response = await post("/events/dead/7/redrive");
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ errors: [{ in: "path", at: "id" }] });
    expect((await post(`/events/dead/${NO_EVENT}/redrive`)).status).toBe(404);
  });

  test("everything is invalidated by an event, and at the edge by one tag", async () => {
    const response = await post("/invalidate", { everything: true, reason: "prices were wrong" });
    expect([response.status, response.headers.get("cache-control")]).toEqual([202, "no-store"]);
    const { event } = await json(response);
    const [row] = await shop.db.query("SELECT event_id::text AS event_id, event FROM outbox");
    expect(row).toEqual({ event_id: event, event: { type: "global.invalidate", reason: "prices were wrong" } });
  });

  test.each([
    ["nothing", {}, ["/everything", "/reason"]],
    ["not everything", { everything: false, reason: "x" }, ["/everything"]],
    ["no reason", { everything: true, reason: " " }, ["/reason"]],
    ["a reason the database cannot keep", { everything: true, reason: "a\0b" }, ["/reason"]],
    ["too much reason", { everything: true, reason: "a".repeat(201) }, ["/reason"]],
    ["something else", { everything: true, reason: "x", "a/b~": 1 }, ["/a~1b~0"]],
    ["no object", [], [""]],
  ])("%s is refused, with every fault, and is no event", async (_, body, places) => {
    const response = await post("/invalidate", body);
    expect(response.status).toBe(400);
    expect((await json(response))["errors"]).toEqual(places.map((at) => expect.objectContaining({ at })));
    expect(await json(await get("/events"))).toMatchObject({ waiting: 0 });
  });
});
