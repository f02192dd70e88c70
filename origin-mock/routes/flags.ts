// Owns the administrator's view of feature flags: which there are, and how far each is rolled out.
import { Hono } from "hono";
import * as v from "valibot";
import { FLAG } from "../flags/definition.ts";
import type { Flags } from "../flags/flags.ts";
import { readPathAndBody } from "../http/json-body.ts";
import type { Parsed } from "../http/parsed.ts";
import { POLICY } from "../http/policy.ts";
import type { ShopEnv } from "../http/trace.ts";
import { check } from "../schema.ts";
import { adminOnly } from "./guard.ts";

function parseName(name: string): Parsed<string> {
  const checked = check({ name: FLAG.name }, { name });
  if (checked.ok) return { ok: true, value: name };
  return { ok: false, faults: checked.faults.map(({ detail }) => ({ in: "path", at: "name", detail })) };
}

/** A flag's own name is its salt unless it says otherwise, so that the same people are not first for every flag. */
function settings(name: string) {
  return {
    rollout: FLAG.rollout,
    salt: v.exactOptional(FLAG.salt, name),
    overrides: v.exactOptional(FLAG.overrides, {}),
  };
}

export function flagRoutes(flags: Flags): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.use(adminOnly("see or change flags"));

  routes.get("/", async (c) => c.json({ flags: await flags.all() }, 200, POLICY.secret));

  routes.put("/:name", async (c) => {
    const name = c.req.param("name");
    const read = await readPathAndBody(c, parseName(name), (body) =>
      check(settings(name), body, "is not a member of a flag"),
    );
    if (read instanceof Response) return read;
    const flag = { name, ...read.body };
    await flags.setFlag(flag);
    return c.json(flag, 200, POLICY.secret);
  });
  return routes;
}
