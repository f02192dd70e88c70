// Owns changes to products: the administrator's PUT and DELETE, each recorded as an event with the change itself.
import { type Context, Hono } from "hono";
import { formatHttpDate } from "../../src/http/message/dates.ts";
import type { FieldReader } from "../../src/http/message/fields.ts";
import { parseChanges } from "../catalogue/changes.ts";
import { DEFAULT_LOCALE, type Locale, LOCALES } from "../catalogue/locale.ts";
import { type Product, productETag } from "../catalogue/product.ts";
import type { Database, Queryable } from "../db/port.ts";
import { categorySlugs } from "../db/categories.ts";
import { deleteProduct, lockProduct, updateProduct } from "../db/products.ts";
import type { InvalidateFor, HappenedEvent } from "../events/handle.ts";
import type { EventRecorder, TraceIds } from "../events/port.ts";
import { productEvent } from "../events/product-event.ts";
import { EXCLUDED, judge, only, WANTED } from "../http/conditional.ts";
import { readPathAndBody } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { waitSeconds } from "../http/prefer.ts";
import { invalid, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { fieldsOf } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";
import type { MultiTierInvalidation } from "../invalidation/multi-tier.ts";
import { reachOf } from "../invalidation/reach.ts";
import { adminOnly } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly events: EventRecorder;
  readonly invalidation: Pick<MultiTierInvalidation, "queued">;
  readonly invalidateFor: InvalidateFor;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

type Outcome =
  | { readonly kind: "missing" }
  | { readonly kind: "precondition-failed" }
  | {
      readonly kind: "done";
      readonly before: Product;
      readonly after: Product | undefined;
      readonly happened: HappenedEvent;
    };

const LONGEST_WAIT_SECONDS = 10;

interface Change {
  readonly id: number;
  readonly locale: Locale;
  readonly isMet: (before: Product) => boolean;
  readonly trace: TraceIds;
  /** Resolves to undefined for a deleted product. */
  readonly apply: (tx: Queryable, before: Product) => Promise<Product | undefined>;
}

/** The row has a tag in each language, and any of them names this version. */
function isMet(method: string, field: FieldReader, before: Product, nowMs: number): boolean {
  const lastModified = formatHttpDate(Date.parse(before.updated_at));
  const allows = (names: readonly string[]) => (locale: Locale) =>
    judge(method, only(names, field), { etag: productETag(before, locale), lastModified }, nowMs) === "proceed";
  // Judged apart, because If-Match may name the tag of one language and If-None-Match that of another.
  return LOCALES.some(allows(WANTED)) && LOCALES.every(allows(EXCLUDED));
}

/** One transaction for the precondition, the change and its event: the row stays locked until all are committed. */
function changeProduct(db: Database, events: EventRecorder, change: Change): Promise<Outcome> {
  return db.transaction(async (tx): Promise<Outcome> => {
    const before = await lockProduct(tx, change.id, change.locale);
    if (before === undefined) return { kind: "missing" };
    if (!change.isMet(before)) return { kind: "precondition-failed" };
    const after = await change.apply(tx, before);
    const event = productEvent(before, after);
    const { requestId, traceparent } = change.trace;
    const eventId = await events.record(tx, event, { requestId, traceparent });
    return { kind: "done", before, after, happened: { event, eventId, requestId, traceparent } };
  });
}

export function productAdminRoutes(parts: Parts): Hono<ShopEnv> {
  const { db, events, invalidation } = parts;
  const routes = new Hono<ShopEnv>();
  const guard = adminOnly("change products");

  /** Runs after the commit, because an earlier invalidation would let a reader restore the old row. */
  const invalidate = async (c: Context<ShopEnv>, happened: HappenedEvent) => {
    events.wake();
    const seconds = Math.min(waitSeconds(c.req.header("Prefer")) ?? 0, LONGEST_WAIT_SECONDS);
    if (seconds === 0) return invalidation.queued(reachOf(happened.event), happened.eventId);
    c.header("Preference-Applied", "wait");
    return parts.invalidateFor(happened, seconds * 1_000);
  };

  const answer = async (c: Context<ShopEnv>, id: number, outcome: Outcome): Promise<Response> => {
    switch (outcome.kind) {
      case "missing":
        return problem(c, 404, `there is no product ${id}`);
      case "precondition-failed":
        return problem(c, 412, `product ${id} is not the version the condition names`);
      case "done": {
        const result = await invalidate(c, outcome.happened);
        return c.json({ product: outcome.after ?? outcome.before, invalidation: result }, 200, POLICY.secret);
      }
    }
  };

  const change = (c: Context<ShopEnv>, what: Pick<Change, "id" | "locale" | "apply">): Promise<Outcome> =>
    changeProduct(db, events, {
      ...what,
      isMet: (before) => isMet(c.req.method, fieldsOf(c), before, parts.nowMs()),
      trace: c.var.trace,
    });

  routes.put("/:id", guard, async (c) => {
    const parse = async (body: Readonly<Record<string, unknown>>) => parseChanges(body, await categorySlugs(db));
    const read = await readPathAndBody(c, parseProductId(c.req.param("id")), parse);
    if (read instanceof Response) return read;
    const { changes, locale } = read.body;
    const id = read.path;
    const apply: Change["apply"] = async (tx, before) => {
      const update = { expectedVersion: before.version, locale, changes, nowMs: parts.nowMs() };
      const updated = await updateProduct(tx, id, update);
      if (updated.kind !== "updated") throw new Error(`product ${id} changed while its row was locked`);
      return updated.product;
    };
    return answer(c, id, await change(c, { id, locale, apply }));
  });

  routes.delete("/:id", guard, async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const apply: Change["apply"] = (tx, before) => deleteProduct(tx, before.id);
    return answer(c, id.value, await change(c, { id: id.value, locale: DEFAULT_LOCALE, apply }));
  });
  return routes;
}
