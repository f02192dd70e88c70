// Owns the list of categories, in three languages, and the administrator's change of a category's name.
import { Hono } from "hono";
import * as v from "valibot";
import { LOCALES } from "../catalogue/locale.ts";
import { parseCategories } from "../catalogue/product.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import { listCategories, updateCategoryName } from "../db/categories.ts";
import type { Database } from "../db/port.ts";
import { readPathAndBody } from "../http/json-body.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY, TIER_POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import { parseSlug } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { CATEGORIES_ADDRESS, CATEGORIES_TAG } from "../invalidation/names.ts";
import { check, line } from "../schema.ts";
import type { Announce } from "./announce.ts";
import { adminOnly } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly cache: MultiTierCache;
  readonly announce: Announce;
}

const LONGEST_NAME = 100;

const NAMING = {
  name: v.pipe(line(LONGEST_NAME), v.trim()),
  locale: v.picklist(LOCALES, `must be one of ${LOCALES.join(", ")}`),
};

function parseNaming(body: Readonly<Record<string, unknown>>) {
  return check(NAMING, body, "is not a field that can be changed");
}

export function categoryRoutes({ db, cache, announce }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.get({
      address: CATEGORIES_ADDRESS,
      variant: locale,
      policy: TIER_POLICY.categories,
      parse: parseCategories,
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

  routes.put("/:slug", adminOnly("rename categories"), async (c) => {
    const read = await readPathAndBody(c, parseSlug(c.req.param("slug")), parseNaming);
    if (read instanceof Response) return read;
    const { path: slug, body: naming } = read;
    const event = { type: "category.updated", slug } as const;
    const recorded = await db.transaction(async (tx) => {
      const { kind } = await updateCategoryName(tx, slug, naming.locale, naming.name);
      return kind === "missing" ? undefined : announce.record(tx, [event], c.var.trace);
    });
    if (recorded === undefined) return problem(c, 404, `there is no category ${slug}`);
    await announce.committed(recorded);
    return c.json({ slug, ...naming }, 200, POLICY.secret);
  });
  return routes;
}
