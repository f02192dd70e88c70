// Owns the administrator's view of feature flags: which there are, and how far each is rolled out.
import { Hono } from "hono";
import { type FlagFault, parseFlag } from "../flags/definition.ts";
import type { Flags } from "../flags/flags.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { type Fault, invalid, methodNotAllowed, pointer } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { adminOnly } from "./guard.ts";

const MEMBERS = new Set(["rollout", "salt", "overrides"]);

/** A misspelt one would leave its default in force. */
function unknownMembers(body: Readonly<Record<string, unknown>>): readonly Fault[] {
  return Object.keys(body)
    .filter((name) => !MEMBERS.has(name))
    .map((name) => ({ in: "body", at: pointer(name), detail: "is not a member of a flag" }));
}

function inRequest({ at, detail }: FlagFault): Fault {
  return at === "/name" ? { in: "path", at: "name", detail } : { in: "body", at, detail };
}

export function flagRoutes(flags: Flags): Hono<ShopEnv> {
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
    const definition = { salt: name, overrides: {}, ...body.value, name };
    const parsed = parseFlag(definition);
    const faults = [...(parsed.ok ? [] : parsed.faults.map(inRequest)), ...unknownMembers(body.value)];
    if (!parsed.ok || faults.length > 0) return invalid(c, faults);
    await flags.setFlag(parsed.flag);
    return c.json(parsed.flag, 200, POLICY.secret);
  });
  routes.all("/:name", methodNotAllowed("PUT"));
  return routes;
}
