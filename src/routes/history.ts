// Owns GET /.strata/purges: the history of purges, newest first, a page at a time.
import type { Edge } from "../flow/edge.ts";
import type { PurgedBy } from "../http/targets/purge-order.ts";
import { jsonAnswer } from "./json-answer.ts";
import { type Problem, problemResponse } from "./problem.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

const BY: readonly PurgedBy[] = ["tokens", "origins", "all"];

/** `before`: a sequence number. `limit`: entries on a page. `by`: whose purges. `next`: URL of the page with older ones. */
export async function historyRoute(request: Request, { purges }: Edge): Promise<Response> {
  const url = new URL(request.url);
  const before = wholeNumber(url.searchParams.get("before"), 1, Number.MAX_SAFE_INTEGER);
  const limit = wholeNumber(url.searchParams.get("limit"), 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const problems: Problem[] = [];
  if (before === "wrong") problems.push({ pointer: "before", detail: "must be a sequence number" });
  if (limit === "wrong") problems.push({ pointer: "limit", detail: `must be a number from 1 to ${String(MAX_LIMIT)}` });
  const written = url.searchParams.get("by") ?? "tokens";
  const by = BY.find((one) => one === written);
  if (by === undefined) problems.push({ pointer: "by", detail: `must be one of ${BY.join(", ")}` });
  if (before === "wrong" || limit === "wrong" || by === undefined)
    return problemResponse(400, "the query was refused", problems);
  try {
    // one more shows whether there is another page
    const entries = await purges.history(before, limit + 1, by);
    const page = entries.slice(0, limit);
    const last = entries.length > limit ? page.at(-1) : undefined;
    const next =
      last && `${url.pathname}?before=${String(last.seq)}&limit=${String(limit)}${by === "tokens" ? "" : `&by=${by}`}`;
    const shown = page.map(({ purgedAtMs, actor, requestId, ...entry }) => ({
      ...entry,
      ...(requestId !== undefined && { request: requestId }),
      at: new Date(purgedAtMs).toISOString(),
      by: actor,
    }));
    return jsonAnswer({ purges: shown, ...(next && { next }) }, 200, next ? { link: `<${next}>; rel="next"` } : {});
  } catch {
    return problemResponse(503, "the purge log does not answer", [], { "retry-after": "1" });
  }
}

function wholeNumber(text: string | null, least: number, most: number): number | undefined | "wrong" {
  if (text === null) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : "wrong";
}
