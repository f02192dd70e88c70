// Owns the list of categories, in three languages, and the administrator's change of a category's name.
import { Hono } from "hono";
import { isLocale, LOCALES } from "../catalogue/locale.ts";
import { parseCategory, parseList } from "../catalogue/product.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import { listCategories, updateCategoryName } from "../db/categories.ts";
import type { Database } from "../db/port.ts";
import { readJsonObject } from "../http/json-body.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY, TIER_POLICY } from "../http/policy.ts";
import { type Fault, invalid, methodNotAllowed, pointer, problem } from "../http/problem.ts";
import { parseSlug } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { CATEGORIES_ADDRESS, CATEGORIES_TAG } from "../invalidation/names.ts";
import type { Announce } from "./announce.ts";
import { adminOnly } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly cache: MultiTierCache;
  readonly announce: Announce;
}

const LONGEST_NAME = 100;

function parseNaming({ name, locale, ...others }: Readonly<Record<string, unknown>>) {
  const fits = typeof name === "string" && name.trim() !== "" && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name);
  const checks: readonly (readonly [at: string, ok: boolean, detail: string])[] = [
    ["/name", fits, `must be text of 1 to ${LONGEST_NAME} characters, none of them for control`],
    ["/locale", isLocale(locale), `must be one of ${LOCALES.join(", ")}`],
    ...Object.keys(others).map((at) => [pointer(at), false, "is not a field that can be changed"] as const),
  ];
  const faults = checks.flatMap(([at, ok, detail]): readonly Fault[] => (ok ? [] : [{ in: "body", at, detail }]));
  const naming = fits && isLocale(locale) && faults.length === 0 ? { name: name.trim(), locale } : undefined;
  return { naming, faults };
}

export function categoryRoutes({ db, cache, announce }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.get({
      address: CATEGORIES_ADDRESS,
      variant: locale,
      policy: TIER_POLICY.categories,
      parse: (value) => parseList(value, parseCategory),
      load: () => listCategories(db, locale),
    });
    noteReading(c.var.trace, reading);
    const body = JSON.stringify({ categories: reading.value ?? [] });
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      language: locale,
      validators: { etag: contentETag(body) },
      headers: cache.headers(TIER_POLICY.categories, [CATEGORIES_TAG]),
    });
  });
  routes.all("/", methodNotAllowed("GET, HEAD"));

  routes.put("/:slug", adminOnly("rename categories"), async (c) => {
    const slug = parseSlug(c.req.param("slug"));
    const slugFaults = slug.ok ? [] : slug.faults;
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    if (body.kind === "faulty") return invalid(c, [...slugFaults, body.fault]);
    const { naming, faults } = parseNaming(body.value);
    if (!slug.ok || naming === undefined) return invalid(c, [...slugFaults, ...faults]);
    const event = { type: "category.updated", slug: slug.value } as const;
    const recorded = await db.transaction(async (tx) => {
      const { kind } = await updateCategoryName(tx, slug.value, naming.locale, naming.name);
      return kind === "missing" ? undefined : announce.record(tx, [event], c.var.trace);
    });
    if (recorded === undefined) return problem(c, 404, `there is no category ${slug.value}`);
    await announce.committed(recorded);
    return c.json({ slug: slug.value, ...naming }, 200, POLICY.secret);
  });
  routes.all("/:slug", methodNotAllowed("PUT"));
  return routes;
}
