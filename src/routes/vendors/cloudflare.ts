// Owns Cloudflare's purge API, as its clients speak it: `purge_cache` is hard, `invalidate_cache` soft.
import * as v from "valibot";
import { check } from "../../policy/issues.ts";
import { bearerToken } from "../../auth/tokens.ts";
import { jsonAnswer } from "../json-answer.ts";
import { boundedJson } from "../json-body.ts";
import { asProblem, type Problem } from "../problem.ts";
import type { Authenticator, PurgeResult } from "../order.ts";
import { MAX_SELECTED, type Selectors } from "../selectors.ts";

const CALL = /^\/client\/v4\/zones\/([^/]+)\/(purge|invalidate)_cache$/;

const texts = v.custom<readonly unknown[]>(Array.isArray, "must be a list of strings");
/** A file's headers name one variant; all variants of its URL are purged, so never too little. */
const file = v.strictObject({
  url: v.string("must be a URL"),
  headers: v.optional(v.record(v.string(), v.string("must be a string"), "must be an object")),
});
const body = v.strictObject({
  purge_everything: v.optional(v.literal(true, "must be true")),
  files: v.optional(
    v.pipe(
      v.custom<unknown[]>(Array.isArray, "must be a list"),
      v.maxLength(MAX_SELECTED, `must be at most ${String(MAX_SELECTED)}`),
      v.array(v.union([v.string(), file], "must be a URL, or an object with one")),
    ),
  ),
  tags: v.optional(texts),
  hosts: v.optional(texts),
  prefixes: v.optional(texts),
});

/** `path`: the rest behind our own prefix. Any zone name is accepted: there is one zone. */
export async function cloudflareRoute(request: Request, path: string, authenticate: Authenticator): Promise<Response> {
  const token = bearerToken(request.headers.get("authorization")) ?? request.headers.get("x-auth-key") ?? undefined;
  const purger = await authenticate(token);
  if (purger === "closed") return failed(404, [[7000, "No route for that URI"]]);
  if (purger === "denied") return failed(403, [[9109, "Invalid access token"]]);
  const [, zone, verb] = CALL.exec(path) ?? [];
  if (zone === undefined)
    return failed(404, [[7003, `Could not route to ${path}, perhaps your object identifier is invalid?`]]);
  if (request.method !== "POST")
    return failed(405, [[10405, "Method not allowed for this endpoint"]], { allow: "POST" });
  const read = await boundedJson(request);
  if (read.kind === "refused") return failed(read.status, [[read.status === 413 ? 10413 : 1016, read.detail]]);
  const checked = check(body, read.value);
  if (!checked.ok)
    return failed(
      400,
      checked.issues.map((issue) => [1016, told(asProblem(issue))]),
    );
  const selectors = selectorsOf(checked.output);
  const names = Object.values(selectors).some((one) => one === true || one.length > 0);
  if (!names) return failed(400, [[1012, MISSING]]);
  const result = await purger({ selectors, mode: verb === "purge" ? "hard" : "soft" });
  return result.kind === "purged"
    ? jsonAnswer({ success: true, errors: [], messages: [], result: { id: zone } })
    : refusal(result);
}

function refusal(result: Exclude<PurgeResult, { readonly kind: "purged" }>): Response {
  switch (result.kind) {
    case "limited":
      return failed(429, [[971, "Please wait and consider throttling your request speed"]], {
        "retry-after": String(result.retryAfterSeconds),
      });
    // the vendor's requests have neither dry runs nor idempotency keys
    case "dry-run":
    case "conflict":
    case "unavailable":
      return failed(503, [[7010, "The purge was not confirmed; send it again"]], { "retry-after": "1" });
    case "forbidden":
      return failed(
        403,
        result.problems.map((problem) => [10000, `Authentication error: ${told(inTheirWords(problem))}`]),
      );
    case "refused":
      return failed(
        400,
        result.problems.map((problem) => [1016, told(inTheirWords(problem))]),
      );
  }
}

const MISSING = 'Request must contain one of "purge_everything", "files", "tags", "hosts" or "prefixes"';

type Body = v.InferOutput<typeof body>;

function selectorsOf({ purge_everything: everything, files, tags, hosts, prefixes }: Body) {
  return {
    ...(everything && { everything }),
    ...(files && { urls: files.map((one) => (typeof one === "string" ? one : one.url)) }),
    ...(tags && { tags }),
    ...(hosts && { hosts }),
    ...(prefixes && { prefixes }),
  } satisfies Selectors;
}

/** Our `urls` are their `files`. */
function inTheirWords({ pointer, detail }: Problem): Problem {
  return { pointer: pointer.replace(/^\/urls/, "/files").replace(/^\/everything/, "/purge_everything"), detail };
}

function told({ pointer, detail }: Problem): string {
  return pointer === "" ? detail : `${pointer}: ${detail}`;
}

function failed(
  status: number,
  errors: readonly (readonly [code: number, message: string])[],
  headers: HeadersInit = {},
): Response {
  const list = errors.map(([code, message]) => ({ code, message }));
  return jsonAnswer({ success: false, errors: list, messages: [], result: null }, status, headers);
}
