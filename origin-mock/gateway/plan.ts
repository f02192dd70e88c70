// Owns the plan for a request: whether the gateway may answer it, under which name, for whom, and what it asks the route.
import type { Context } from "hono";
import type { Identity } from "../auth/identify.ts";
import { isShopError } from "../error.ts";
import { EXCLUDED } from "../http/conditional.ts";
import { localeOf } from "../http/locale.ts";
import type { ShopEnv } from "../http/trace.ts";
import { askerOf } from "./admission.ts";
import { type Answer, fieldOf, type Reader } from "./answer.ts";
import { answerName, canonicalQuery } from "./key.ts";
import { type Row, rowFor } from "./lifetimes.ts";
import { type Asker, isPublic } from "./policy.ts";

export interface Plan {
  readonly row: Row;
  readonly name: string;
  /** The query that the route receives. */
  readonly query: string;
  /** The owner, where each person has an answer of their own. */
  readonly person: Identity | undefined;
  readonly asker: Asker;
  readonly reader: Reader;
}

/** Fields that only the route can judge: conditions on a change, and ranges. */
const FOR_THE_ROUTE = ["Range", "If-Range", "If-Match", "If-Unmodified-Since"];

/** Undefined also when the session cannot be checked: the route then answers that itself. */
async function personOf(c: Context<ShopEnv>): Promise<Identity | undefined> {
  try {
    return await c.var.identity();
  } catch (error) {
    if (isShopError(error, "RedisUnavailable")) return undefined;
    throw error;
  }
}

/**
 * Undefined leaves the request to the route. A client's Cache-Control changes nothing: it is advice (RFC 9111 5.2.1),
 * and the gateway follows the shop's own fields.
 */
export async function planOf(c: Context<ShopEnv>, nowMs: number): Promise<Plan | undefined> {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") return undefined;
  const { headers: asked } = c.req.raw;
  const { pathname, search } = new URL(c.req.url);
  const row = rowFor(pathname);
  if (row === undefined || FOR_THE_ROUTE.some((name) => c.req.header(name) !== undefined)) return undefined;
  const person = row.audience === "person" ? await personOf(c) : undefined;
  if (row.audience === "person" && person === undefined) return undefined;
  const acceptLanguage = c.req.header("Accept-Language");
  const query = canonicalQuery(search.slice(1), row.query);
  return {
    row,
    query,
    name: answerName({ path: pathname, query, acceptLanguage, person }),
    person,
    asker: askerOf(c),
    // Held here, because `plainRequest` replaces the request before its answer is given.
    reader: { field: (name) => asked.get(name) ?? undefined, nowMs },
  };
}

export function mayHave({ row, asker }: Plan, answer: Answer): boolean {
  return row.audience === "person" || asker === "anonymous" || isPublic((name) => fieldOf(answer, name));
}

/**
 * Whether concurrent requests with this plan may share one run. People's requests never do, because their answers may
 * differ.
 */
export function mayShare({ row, asker }: Plan): boolean {
  return row.audience === "everyone" && asker === "anonymous";
}

/**
 * Reduced as the key is, so that key and content cannot disagree. A GET without conditions, so that the answer is
 * whole.
 */
export function plainRequest(c: Context, { query }: Pick<Plan, "query">): Request {
  const headers = new Headers(c.req.raw.headers);
  for (const name of EXCLUDED) headers.delete(name);
  headers.set("Accept-Language", localeOf(c.req.header("Accept-Language")));
  const url = new URL(c.req.url);
  url.search = query;
  return new Request(url, { headers });
}
