// Owns the administrator's view of feature flags: which there are, and how far each is rolled out.
import { Hono } from "hono";
import type { Flags } from "../flags/flags.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { adminOnly } from "./guard.ts";

export const flagRoutes = (flags: Flags): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();
  routes.use(adminOnly("see or change flags"));

  routes.get("/", async (c) => c.json({ flags: await flags.all() }, 200, POLICY.secret));
  routes.all("/", methodNotAllowed("GET, HEAD"));

  routes.put("/:name", async (c) => {
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    if (body.kind === "faulty") return invalid(c, [body.fault]);
    const name = c.req.param("name");
    // Its own name as the salt: who is first for one flag is not first for all.
    const write = await flags.setFlag({ salt: name, overrides: {}, ...body.value, name });
    if (write.status === "done") return c.json(write.flag, 200, POLICY.secret);
    const place = (at: string) =>
      at === "/name" ? ({ in: "path", at: "name" } as const) : ({ in: "body", at } as const);
    return invalid(
      c,
      write.faults.map(({ at, detail }) => ({ ...place(at), detail })),
    );
  });
  routes.all("/:name", methodNotAllowed("PUT"));
  return routes;
};
