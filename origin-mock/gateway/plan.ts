// Owns which requests the gateway may answer, under which name, for whom, and what the route is asked in their place.
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
  /** What the route is asked. */
  readonly query: string;
  /** Where every person has an answer of their own. */
  readonly person: Identity | undefined;
  readonly asker: Asker;
  readonly reader: Reader;
}

/** What the route must judge: conditions on a state that may be changed, and parts of a body. */
const FOR_THE_ROUTE = ["Range", "If-Range", "If-Match", "If-Unmodified-Since"];

/** Undefined also where the session cannot be checked: the route says so itself. */
async function personOf(c: Context<ShopEnv>): Promise<Identity | undefined> {
  try {
    return await c.var.identity();
  } catch (error) {
    if (isShopError(error, "RedisUnavailable")) return undefined;
    throw error;
  }
}

/**
 * Undefined: the request is the route's. The client's own Cache-Control changes nothing: it is advice (RFC 9111 5.2.1), and the
 * shop's word on its own answers is what the gateway knows.
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

/** Whether concurrent requests with this plan may wait for each other: never those of people, who may see different things. */
export function mayShare({ row, asker }: Plan): boolean {
  return row.audience === "everyone" && asker === "anonymous";
}

/** As the key has it, so that key and content cannot disagree; a GET without conditions, so that the answer is whole. */
export function plainRequest(c: Context, { query }: Pick<Plan, "query">): Request {
  const headers = new Headers(c.req.raw.headers);
  for (const name of EXCLUDED) headers.delete(name);
  headers.set("Accept-Language", localeOf(c.req.header("Accept-Language")));
  const url = new URL(c.req.url);
  url.search = query;
  return new Request(url, { headers });
}
