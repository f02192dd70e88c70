// Owns changes to products: the administrator's PUT and DELETE, each followed by the invalidation of every tier.
import { Hono } from "hono";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { parseChanges } from "../catalogue/changes.ts";
import type { Locale } from "../catalogue/locale.ts";
import { productETag } from "../catalogue/product.ts";
import type { Product } from "../catalogue/product.ts";
import type { Identify } from "../auth/identify.ts";
import type { Database, Queryable } from "../db/port.ts";
import { categorySlugs } from "../db/categories.ts";
import { deleteProduct, lockProduct, updateProduct } from "../db/products.ts";
import type { ProductChanges } from "../db/products.ts";
import type { Refresher } from "../db/refresher.ts";
import { judge } from "../http/conditional.ts";
import type { Conditions } from "../http/conditional.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { conditionsOf } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";
import type { Invalidate } from "../invalidation/invalidate.ts";
import { targetsOf } from "../invalidation/product-change.ts";
import { CHALLENGE } from "./sign-in.ts";

type Parts = {
  readonly db: Database;
  readonly identify: Identify;
  readonly invalidate: Invalidate;
  readonly categoryTotals: Refresher;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
};

type Outcome =
  | { readonly kind: "missing" }
  | { readonly kind: "precondition-failed" }
  | { readonly kind: "done"; readonly before: Product; readonly after: Product | undefined };

/** Everything about one row in one transaction: the precondition holds until the change is committed. */
const changeProduct = (
  db: Database,
  id: number,
  request: { readonly method: string; readonly conditions: Conditions },
  change: (tx: Queryable, before: Product) => Promise<Product | undefined>,
): Promise<Outcome> =>
  db.transaction(async (tx): Promise<Outcome> => {
    const before = await lockProduct(tx, id, "en");
    if (before === undefined) return { kind: "missing" };
    const validators = { etag: productETag(before, "en"), lastModifiedMs: Date.parse(before.updated_at) };
    if (judge(request.method, request.conditions, validators) === "precondition-failed") {
      return { kind: "precondition-failed" };
    }
    return { kind: "done", before, after: await change(tx, before) };
  });

const adminOnly = (identify: Identify) =>
  createMiddleware<ShopEnv>(async (c, next) => {
    const identity = await identify({ authorization: c.req.header("Authorization"), sid: undefined });
    if (identity === undefined) return problem(c, 401, "an administrator's token is needed", { headers: CHALLENGE });
    if (identity.role !== "admin") return problem(c, 403, `${identity.username} may not change products`);
    return next();
  });

const parsePut = async (
  c: Context<ShopEnv>,
  idText: string,
  db: Queryable,
): Promise<{ readonly id: number; readonly locale: Locale; readonly changes: ProductChanges } | Response> => {
  const id = parseProductId(idText);
  const idFaults = id.ok ? [] : id.faults;
  const body = await readJsonObject(c);
  if (body.kind === "refused") return body.response;
  if (body.kind === "faulty") return invalid(c, [...idFaults, body.fault]);
  const { changes, locale, faults } = parseChanges(body.value, await categorySlugs(db));
  if (!id.ok || faults.length > 0) return invalid(c, [...idFaults, ...faults]);
  return { id: id.value, locale, changes };
};

export const productAdminRoutes = ({ db, identify, invalidate, categoryTotals, nowMs }: Parts): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();
  const guard = adminOnly(identify);

  const answer = async (c: Context<ShopEnv>, id: number, outcome: Outcome): Promise<Response> => {
    switch (outcome.kind) {
      case "missing":
        return problem(c, 404, `there is no product ${id}`);
      case "precondition-failed":
        return problem(c, 412, `product ${id} is not the version the condition names`);
      case "done": {
        // Before the lists of categories are forgotten, or they would be filled with the old totals again.
        await categoryTotals.ask();
        // Committed by now: invalidating earlier would let a reader put the old row back.
        const invalidation = await invalidate(targetsOf(outcome.before, outcome.after));
        return c.json({ product: outcome.after ?? outcome.before, invalidation }, 200, POLICY.secret);
      }
    }
  };

  routes.put("/:id", guard, async (c) => {
    const parsed = await parsePut(c, c.req.param("id"), db);
    if (parsed instanceof Response) return parsed;
    const request = { method: "PUT", conditions: conditionsOf(c) };
    const outcome = await changeProduct(db, parsed.id, request, async (tx, before) => {
      const update = {
        expectedVersion: before.version,
        locale: parsed.locale,
        changes: parsed.changes,
        nowMs: nowMs(),
      };
      const change = await updateProduct(tx, before.id, update);
      if (change.kind !== "updated") throw new Error(`product ${before.id} changed while its row was locked`);
      return change.product;
    });
    return answer(c, parsed.id, outcome);
  });

  routes.delete("/:id", guard, async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const request = { method: "DELETE", conditions: conditionsOf(c) };
    const outcome = await changeProduct(db, id.value, request, async (tx, before) => {
      await deleteProduct(tx, before.id);
      return undefined;
    });
    return answer(c, id.value, outcome);
  });

  routes.all("/:id", methodNotAllowed("GET, HEAD, PUT, DELETE"));
  return routes;
};
