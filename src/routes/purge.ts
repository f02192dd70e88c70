// Owns POST /.strata/purge: who may, what is asked, and the receipt. All problems are named, and nothing is purged in part.
import * as v from "valibot";
import type { Purge } from "../flow/exchange.ts";
import type { Target } from "../http/target.ts";
import { MAX_TAG_LENGTH } from "../http/tags.ts";
import { check, isUnknownMember } from "../policy/issues.ts";
import { type Problem, problemResponse } from "./problem.ts";

const MAX_TARGETS = 1000;
/** 1,000 tags of 1,024 characters, escaped, with room to spare. */
const MAX_BODY_BYTES = 8 * 2 ** 20;

const TOO_MANY = `must hold at most ${String(MAX_TARGETS)} tags`;

const tag = v.pipe(
  v.string("must be a string"),
  v.trim(),
  v.nonEmpty("must not be empty"),
  v.regex(/^[^,\p{Cc}]*$/u, "must not contain commas or control characters: no response can carry such a tag"),
  v.check((value) => value.isWellFormed(), "must be well-formed text"),
  v.maxLength(MAX_TAG_LENGTH, `must be at most ${String(MAX_TAG_LENGTH)} characters`),
);

const command = v.strictObject({
  tags: v.pipe(
    v.array(tag, "must be an array of tags"),
    v.minLength(1, "must hold at least one tag"),
    v.maxLength(MAX_TARGETS, TOO_MANY),
  ),
  mode: v.optional(v.picklist(["hard", "soft"], 'must be "hard" or "soft"'), "hard"),
});

/** @param maxLagMs the bound within which every other edge obeys, for the receipt. */
export async function purgeRoute(request: Request, purge: Purge, maxLagMs: number): Promise<Response> {
  const text = await boundedText(request);
  if (text === undefined) return problemResponse(413, "the body is too large");
  const body = parseJson(text);
  const checked = check(command, body);
  if (!checked.ok) {
    return problemResponse(400, "the purge was refused; nothing was purged", problemsOf(checked.issues, body));
  }
  const { tags, mode } = checked.output;
  const distinct = [...new Set(tags)];
  const targets = distinct.map((value): Target => ({ kind: "tag", value }));
  try {
    const seq = await purge(targets, mode);
    const receipt = { seq, mode, targets: targets.length, visible: { here: "now", everywhereWithinMs: maxLagMs } };
    return Response.json(receipt, { headers: { "cache-control": "no-store" } });
  } catch {
    return problemResponse(503, "the purge log did not confirm; send the purge again", [], { "retry-after": "1" });
  }
}

/** `undefined` when the body is larger than any valid one. */
async function boundedText(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: ReadableStream<Uint8Array> | null = request.body;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks).text();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The schema stops at members that are wrong before it counts them; a caller wants to hear of both. */
function problemsOf(issues: readonly v.BaseIssue<unknown>[], body: unknown): Problem[] {
  const problems = issues.map(asProblem);
  const counted = v.safeParse(v.object({ tags: v.pipe(v.array(v.unknown()), v.minLength(MAX_TARGETS + 1)) }), body);
  const named = problems.some(({ pointer }) => pointer === "/tags");
  return counted.success && !named ? [{ pointer: "/tags", detail: TOO_MANY }, ...problems] : problems;
}

function asProblem(issue: v.BaseIssue<unknown>): Problem {
  const keys = issue.path?.map(({ key }) => String(key).replaceAll("~", "~0").replaceAll("/", "~1")) ?? [];
  const pointer = keys.map((key) => `/${key}`).join("");
  if (pointer === "") return { pointer, detail: "must be a JSON object" };
  if (isUnknownMember(issue)) return { pointer, detail: "unknown member" };
  return { pointer, detail: issue.input === undefined ? "is missing" : issue.message };
}
