// Owns POST /.strata/purge: the command and the receipt. It names every problem, and purges nothing in part.
import * as v from "valibot";
import { check } from "../policy/issues.ts";
import { jsonAnswer } from "./json-answer.ts";
import { boundedJson } from "./json-body.ts";
import type { PurgeResult, Purger } from "./order.ts";
import { asProblem, type Problem, problemResponse } from "./problem.ts";
import { LISTS, type Selected, select } from "./selectors.ts";
import type { Edge } from "../flow/edge.ts";

const list = v.optional(v.custom<readonly unknown[]>(Array.isArray, "must be a list of strings"));
const flag = v.optional(v.boolean("must be true or false"));

const command = v.strictObject({
  tags: list,
  urls: list,
  paths: list,
  prefixes: list,
  hosts: list,
  everything: v.optional(v.literal(true, "must be true, or absent")),
  mode: v.optional(v.picklist(["hard", "soft"], 'must be "hard" or "soft"'), "hard"),
  browsers: flag,
  dryRun: flag,
  wait: flag,
});

export async function purgeRoute(request: Request, edge: Edge, purger: Purger): Promise<Response> {
  const key = idempotencyKey(request.headers.get("idempotency-key"));
  if (key === "malformed")
    return problemResponse(400, "the Idempotency-Key is none: 1 to 255 visible characters, quoted or not");
  const body = await boundedJson(request);
  if (body.kind === "refused") {
    const { status, detail } = body;
    return status === 413 ? problemResponse(status, detail) : refused([{ pointer: "", detail }]);
  }
  const checked = check(command, body.value);
  if (!checked.ok) return refused([...checked.issues.map(asProblem), ...furtherProblems(body.value, edge)]);
  const { mode, browsers, dryRun, wait, ...selectors } = checked.output;
  const result = await purger({ selectors, mode, browsers, dryRun, idempotencyKey: key });
  if (result.kind === "dry-run") return dryRunAnswer(result.selected, mode);
  if (result.kind !== "purged") return refusal(result);
  const boundMs = edge.site.maxLagMs;
  if (wait) await edge.clock.timeout(boundMs).passed;
  const { seq, purgedAtMs, replayed, targets } = result;
  const visible = wait ? { here: "now", everywhere: "now" } : { here: "now", everywhereWithinMs: boundMs };
  return jsonAnswer({
    seq,
    mode,
    targets,
    purgedAt: new Date(purgedAtMs).toISOString(),
    ...(replayed && { replayed }),
    visible,
  });
}

/** Accepts RFC 8941 strings and plain tokens. */
function idempotencyKey(field: string | null): string | undefined {
  if (field === null) return undefined;
  const [, key] = /^"?([\x21\x23-\x7e]{1,255})"?$/.exec(field.trim()) ?? [];
  return key ?? "malformed";
}

/** Problems besides the shape: a caller wants to hear of all at once. */
function furtherProblems(value: unknown, edge: Edge): readonly Problem[] {
  const lists = LISTS.flatMap((name): [string, readonly unknown[]][] => {
    const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
    return Array.isArray(found) && found.length > 0 ? [[name, found]] : [];
  });
  const selection = lists.length > 0 ? select(Object.fromEntries(lists), edge.site) : undefined;
  return selection?.ok === false ? selection.problems : [];
}

function dryRunAnswer(selected: readonly Selected[], mode: string): Response {
  const would = selected.map(({ pointer, written, targets }) => ({
    pointer,
    written,
    targets: targets.map(({ kind, value }) => ({ kind, value })),
  }));
  return jsonAnswer({ dryRun: true, mode, would });
}

function refused(errors: readonly Problem[]): Response {
  return problemResponse(400, "the purge was refused; nothing was purged", errors);
}

function refusal(result: Exclude<PurgeResult, { readonly kind: "purged" | "dry-run" }>): Response {
  switch (result.kind) {
    case "refused":
      return refused(result.problems);
    case "forbidden":
      return problemResponse(403, "the token does not allow this; nothing was purged", result.problems);
    case "conflict":
      return problemResponse(422, "this Idempotency-Key was used for another purge; nothing was purged");
    case "limited":
      return problemResponse(429, "too many purges by this token; nothing was purged", [], {
        "retry-after": String(result.retryAfterSeconds),
      });
    case "unavailable":
      return problemResponse(503, "the purge log did not confirm; send the purge again", [], { "retry-after": "1" });
  }
}
