// Owns the edge's purge client: authenticated POSTs within the edge's limits, with a deadline. It reports, it never throws.
import { createHash } from "node:crypto";
import { parseHttpDate } from "../../src/http/message/dates.ts";
import { retryAfterSeconds } from "../../src/http/message/retry-after.ts";
import { isRecord } from "../schema.ts";
import { messageOf } from "../error.ts";
import type { CdnResult, PurgeCdn, PurgeContext } from "./port.ts";

const TIMEOUT_MS = 2_000;
/** The edge's limit of targets in one order. */
const MOST_TAGS = 1_000;
const LONGEST_REASON = 500;
/** An edge that asks for a longer rest is asked again all the same. */
const LONGEST_REST_MS = 5 * 60_000;

// Statuses that blame the order itself. All others blame the way to the edge: a wrong token (401), an edge without one
// (404) or another server would refuse every order alike, and giving up would lose them all.
const REFUSED: ReadonlySet<number> = new Set([400, 403, 413, 422]);

type Answer =
  | { readonly status: "done"; readonly seq: number }
  | Omit<Extract<CdnResult, { readonly status: "failed" }>, "tags">;

function temporary(reason: string, afterMs?: number): Answer {
  return {
    status: "failed",
    failure: "temporary",
    reason: reason.slice(0, LONGEST_REASON),
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** The edge's problem document in words (RFC 9457): `detail`, or else `title`, and each of its `errors`. */
function problemsOf(body: unknown): string {
  if (!isRecord(body)) return "";
  const { title, detail = title, errors } = body;
  const each = Array.isArray(errors) ? errors.filter(isRecord) : [];
  const texts = [detail, ...each.map((error) => [error["pointer"], error["detail"]].filter(isText).join(" "))];
  return texts
    .filter(isText)
    .map((text, index) => `${index === 0 ? ":" : ";"} ${text}`)
    .join("");
}

/** A date counts from the answer's own Date, never from this machine's clock. Undefined where the field cannot be read. */
export function retryAfterMs(headers: Pick<Headers, "get">): number | undefined {
  // Two digits of a year are of this century or the last, whatever the date.
  const sentMs = parseHttpDate(headers.get("Date") ?? "", Date.now()) ?? Number.NaN;
  const seconds = retryAfterSeconds(headers.get("Retry-After")?.trim(), sentMs);
  return seconds === undefined || Number.isNaN(seconds) ? undefined : Math.min(seconds * 1_000, LONGEST_REST_MS);
}

async function readAnswer(response: Response): Promise<Answer> {
  const body = parseJson(await response.text());
  if (response.status === 200) {
    const seq = isRecord(body) ? body["seq"] : undefined;
    if (typeof seq === "number") return { status: "done", seq };
    return temporary("the edge's receipt has no sequence number");
  }
  const reason = `the edge answered ${response.status}${problemsOf(body)}`;
  if (REFUSED.has(response.status)) {
    return { status: "failed", failure: "refused", reason: reason.slice(0, LONGEST_REASON) };
  }
  return temporary(reason, retryAfterMs(response.headers));
}

// Names the events and the order, because a batch in another composition, or with another reach, is another order.
function idempotencyKey(events: readonly string[], body: string): Readonly<Record<string, string>> {
  return events.length === 0
    ? {}
    : {
        "Idempotency-Key": createHash("sha256")
          .update(JSON.stringify([events, body]))
          .digest("base64url"),
      };
}

interface Options {
  readonly edgeUrl: string;
  readonly token: string | undefined;
  readonly timeoutMs?: number;
}

export function createCdn({ edgeUrl, token, timeoutMs = TIMEOUT_MS }: Options): PurgeCdn {
  const endpoint = new URL("/.strata/purge", edgeUrl);
  const headers = {
    "Content-Type": "application/json",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };

  const send = async (tags: readonly string[], context: PurgeContext): Promise<Answer> => {
    const body = JSON.stringify({ tags });
    try {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: {
          ...headers,
          ...idempotencyKey(context.events, body),
          "X-Request-Id": context.requestId,
          traceparent: context.traceparent,
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(Math.min(timeoutMs, context.withinMs ?? timeoutMs)),
      });
      return await readAnswer(response);
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : "";
      return temporary(`${messageOf(error)}${cause}`);
    }
  };

  return async (tags, context) => {
    let seq = 0;
    for (let sent = 0; sent < tags.length; sent += MOST_TAGS) {
      const answer = await send(tags.slice(sent, sent + MOST_TAGS), context);
      if (answer.status === "failed") return { ...answer, tags: tags.slice(sent) };
      seq = Math.max(seq, answer.seq);
    }
    return { status: "done", tags, seq };
  };
}
