// Owns POST /.strata/purge: who may, what is asked, and the receipt. All problems are named, and nothing is purged in part.
import * as v from "valibot";
import type { Target } from "../http/target.ts";
import { MAX_TAG_LENGTH } from "../http/tags.ts";
import type { PurgeMode } from "../purge/records.ts";
import { type Problem, problemResponse } from "./problem.ts";

/** Carries out a purge; resolves with its sequence number once the log has it and this isolate obeys it. */
export type Purge = (targets: readonly Target[], mode: PurgeMode) => Promise<number>;

const MAX_TARGETS = 1000;
/** 1,000 tags of 1,024 characters, escaped, with room to spare. */
const MAX_BODY_BYTES = 8 * 2 ** 20;

const tag = v.pipe(
  v.string("must be a string"),
  v.trim(),
  v.nonEmpty("must not be empty"),
  v.maxLength(MAX_TAG_LENGTH, `must be at most ${String(MAX_TAG_LENGTH)} characters`),
);

const command = v.strictObject({
  tags: v.pipe(
    v.array(tag, "must be an array of tags"),
    v.minLength(1, "must hold at least one tag"),
    v.maxLength(MAX_TARGETS, `must hold at most ${String(MAX_TARGETS)} tags`),
  ),
  mode: v.optional(v.picklist(["hard", "soft"], 'must be "hard" or "soft"'), "hard"),
});

/** @param maxLagMs the bound within which every other edge obeys, for the receipt. */
export async function purgeRoute(request: Request, purge: Purge, maxLagMs: number): Promise<Response> {
  const text = await boundedText(request);
  if (text === undefined) return problemResponse(413, "the body is too large");
  const parsed = v.safeParse(command, parseJson(text));
  if (!parsed.success)
    return problemResponse(400, "the purge was refused; nothing was purged", parsed.issues.map(asProblem));
  const { tags, mode } = parsed.output;
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
  for await (const chunk of request.body ?? []) {
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

function asProblem(issue: v.BaseIssue<unknown>): Problem {
  const keys = issue.path?.map(({ key }) => String(key).replaceAll("~", "~0").replaceAll("/", "~1")) ?? [];
  const pointer = keys.map((key) => `/${key}`).join("");
  if (pointer === "") return { pointer, detail: "must be a JSON object" };
  if (issue.expected === "never") return { pointer, detail: "unknown member" };
  return { pointer, detail: issue.input === undefined ? "is missing" : issue.message };
}
