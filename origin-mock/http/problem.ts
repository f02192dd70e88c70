// Owns error answers: RFC 9457 problem details, stored only where the caller gives a lifetime.
import type { Context, Env, Hono, MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Where the fault is: a JSON pointer into the body, or the name of a path part, query parameter or header. */
export interface Fault {
  readonly in: "body" | "path" | "query" | "header";
  readonly at: string;
  readonly detail: string;
}

const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  428: "Precondition Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const satisfies Partial<Record<ContentfulStatusCode, string>>;

export function problem(
  c: Context,
  status: keyof typeof TITLES,
  detail: string,
  extra: {
    readonly errors?: readonly Fault[];
    /** Extension members (RFC 9457 3.2). */
    readonly members?: Readonly<Record<string, unknown>>;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Response {
  const errors = extra.errors === undefined ? {} : { errors: extra.errors };
  const members = { ...errors, ...extra.members };
  const body = JSON.stringify({ type: "about:blank", title: TITLES[status], status, detail, ...members });
  return c.body(body, status, {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...extra.headers,
  });
}

export function invalid(c: Context, errors: readonly Fault[]): Response {
  return problem(c, 400, errors.map((fault) => `${fault.in} ${fault.at}: ${fault.detail}`).join("; "), { errors });
}

/** Goes before the routes: a path of theirs that is asked with another method is a 405, which names the right ones. */
export function knownMethodsOnly<E extends Env>(app: Hono<E>): MiddlewareHandler {
  return methodNotAllowed({
    app,
    onMethodNotAllowed: (c, allowed) =>
      problem(c, 405, `${c.req.method} is not allowed here`, { headers: { Allow: allowed.join(", ") } }),
  });
}
