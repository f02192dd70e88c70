// Owns the administrator's view of events: the backlog, dead letters, and invalidating everything.
import { Hono } from "hono";
import * as v from "valibot";
import type { Database } from "../db/port.ts";
import { listDead, readBacklog, redrive } from "../db/outbox.ts";
import type { EventRecorder } from "../events/port.ts";
import { readBody } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { check, text } from "../schema.ts";
import { adminOnly } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly events: EventRecorder;
}

const DEAD_PAGE = 100;
const LONGEST_REASON = 200;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const ORDER = {
  everything: v.literal(true, "must be true: less is invalidated by changing it"),
  reason: text(LONGEST_REASON),
};

export function adminEventRoutes({ db, events }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.use(adminOnly("administer the shop"));

  routes.post("/invalidate", async (c) => {
    const read = await readBody(c, (body) => check(ORDER, body, "is not a member of an order"));
    if (read instanceof Response) return read;
    const { reason } = read.body;
    const event = await db.transaction((tx) => events.record(tx, { type: "global.invalidate", reason }, c.var.trace));
    events.wake();
    return c.json({ event }, 202, POLICY.secret);
  });

  routes.get("/events", async (c) => c.json(await readBacklog(db), 200, POLICY.secret));

  routes.get("/events/dead", async (c) => c.json({ dead: await listDead(db, DEAD_PAGE) }, 200, POLICY.secret));

  routes.post("/events/dead/:id/redrive", async (c) => {
    const id = c.req.param("id");
    if (!UUID.test(id)) return invalid(c, [{ in: "path", at: "id", detail: "must be an event's id, a UUID" }]);
    if (!(await redrive(db, id))) return problem(c, 404, `there is no dead letter ${id}`);
    events.wake();
    return c.json({ event: id }, 202, POLICY.secret);
  });
  return routes;
}
