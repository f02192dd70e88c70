// Owns Fastly's purge API, as its clients speak it: one key, several keys, one URL, everything; soft on request.
import * as v from "valibot";
import type { PurgeMode } from "../../http/targets/purge-order.ts";
import { check } from "../../policy/issues.ts";
import { jsonAnswer } from "../json-answer.ts";
import { boundedJson } from "../json-body.ts";
import { asProblem, type Problem } from "../problem.ts";
import type { Authenticator, PurgeResult, Purger } from "../order.ts";
import type { Selectors } from "../selectors.ts";

const body = v.strictObject({
  surrogate_keys: v.custom<readonly unknown[]>(Array.isArray, "must be a list of strings"),
});

type Call =
  | { readonly kind: "keys"; readonly keys: readonly unknown[] }
  | { readonly kind: "one"; readonly selectors: Selectors }
  | { readonly kind: "wrong"; readonly response: Response };

/** `path`: the rest behind our own prefix, with its query. Any service name is accepted: there is one service. */
export async function fastlyRoute(request: Request, path: string, authenticate: Authenticator): Promise<Response> {
  const purger = await authenticate(request.headers.get("fastly-key") ?? undefined);
  if (purger === "closed") return failed(404, "Record not found");
  if (purger === "denied") return failed(401, "Provided credentials are missing or invalid");
  if (request.method !== "POST") return failed(405, "Method not allowed", undefined, { allow: "POST" });
  const mode = request.headers.has("fastly-soft-purge") ? "soft" : "hard";
  const call = await callOf(request, path, mode);
  if (call.kind === "wrong") return call.response;
  if (call.kind === "one") return answeredAsFastly(await purger({ selectors: call.selectors, mode }));
  return byKeys(purger, call.keys, mode);
}

const KEYS = /^\/service\/[^/]+\/purge\/?$/;
const KEY = /^\/service\/[^/]+\/purge\/(.+)$/;
const ALL = /^\/service\/[^/]+\/purge_all$/;
const URL_CALL = /^\/purge\/(.+)$/;

async function callOf(request: Request, path: string, mode: PurgeMode): Promise<Call> {
  const [, url] = URL_CALL.exec(path) ?? [];
  if (url !== undefined) return { kind: "one", selectors: { urls: [url] } };
  const [plain = ""] = path.split("?", 1);
  if (ALL.test(plain)) {
    return mode === "hard"
      ? { kind: "one", selectors: { everything: true } }
      : { kind: "wrong", response: failed(400, "Bad request", "everything cannot be purged softly") };
  }
  const [, key] = KEY.exec(plain) ?? [];
  if (key !== undefined) return { kind: "one", selectors: { tags: [decoded(key)] } };
  if (!KEYS.test(plain)) return { kind: "wrong", response: failed(404, "Record not found") };
  return keysIn(request);
}

/** Keys of the field, whose lines may arrive joined by a comma, and keys of the body. */
async function keysIn(request: Request): Promise<Call> {
  const listed = request.headers.get("surrogate-key")?.split(/[\s,]+/);
  const keys = listed?.filter((one) => one !== "") ?? [];
  const read = await boundedJson(request);
  if (read.kind === "refused") return { kind: "wrong", response: failed(read.status, "Bad request", read.detail) };
  if (read.value === undefined && keys.length > 0) return { kind: "keys", keys };
  const checked = check(body, read.value);
  if (checked.ok) return { kind: "keys", keys: [...keys, ...checked.output.surrogate_keys] };
  const detail = checked.issues.map((issue) => inTheirWords(asProblem(issue))).join("; ");
  return { kind: "wrong", response: failed(400, "Bad request", detail) };
}

async function byKeys(purger: Purger, keys: readonly unknown[], mode: PurgeMode): Promise<Response> {
  if (keys.length === 0) return failed(400, "Bad request", "must name something: surrogate_keys");
  const result = await purger({ selectors: { tags: keys }, mode });
  return answered(result, (id) => Object.fromEntries(keys.map((key) => [String(key), id])), inTheirWords);
}

/** For one key or URL: a problem needs no place. */
export function answeredAsFastly(result: PurgeResult): Response {
  return answered(
    result,
    (id) => ({ status: "ok", id }),
    ({ detail }) => detail,
  );
}

function answered(result: PurgeResult, content: (id: string) => object, told: (problem: Problem) => string): Response {
  switch (result.kind) {
    case "purged":
      return jsonAnswer(content(`strata-${String(result.seq)}`));
    case "limited":
      return failed(429, "Too many requests", undefined, { "retry-after": String(result.retryAfterSeconds) });
    // the vendor's requests have neither dry runs nor idempotency keys
    case "dry-run":
    case "conflict":
    case "unavailable":
      return failed(503, "The purge was not confirmed; send it again", undefined, { "retry-after": "1" });
    case "forbidden":
      return failed(403, "You are not authorized to perform this action", result.problems.map(told).join("; "));
    case "refused":
      return failed(400, "Bad request", result.problems.map(told).join("; "));
  }
}

/** Our tags are their surrogate keys. */
function inTheirWords({ pointer, detail }: Problem): string {
  return pointer === "" ? detail : `${pointer.replace(/^\/tags/, "/surrogate_keys")}: ${detail}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function failed(status: number, msg: string, detail?: string, headers: HeadersInit = {}): Response {
  return jsonAnswer({ msg, ...(detail !== undefined && { detail }) }, status, headers);
}
