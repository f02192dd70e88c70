// Owns the reading of an edge's answer, in words for people: done, refused for good, or worth another attempt.
import * as v from "valibot";

export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | Refusal
  | {
      readonly kind: "again";
      readonly detail: string;
      /** The edge says when; undefined: soon. */
      readonly afterMs?: number | undefined;
      /** More was asked than the token may: waiting is all it takes. */
      readonly isLimit: boolean;
      /** The order may have been carried out. */
      readonly mayBeDone: boolean;
    };

/** Asking again would not help. */
export interface Refusal {
  readonly kind: "refused";
  readonly detail: string;
  /** Places in the order (RFC 6901). */
  readonly problems: readonly { readonly pointer: string; readonly detail: string }[];
  readonly mayBeDone: boolean;
}

const problemBody = v.object({
  title: v.string(),
  errors: v.optional(v.array(v.object({ pointer: v.string(), detail: v.string() })), []),
});

const MAX_PAUSE_SECONDS = 3600;

export async function answerOf<Schema extends v.GenericSchema>(
  response: Response,
  schema: Schema,
  tokenName: string,
): Promise<Answer<v.InferOutput<Schema>>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) {
    const parsed = v.safeParse(schema, body);
    if (parsed.success) return { kind: "done", value: parsed.output };
    return { ...refused(`answered ${response.status}, but not as a Strata edge does`), mayBeDone: true };
  }
  const problem = v.safeParse(problemBody, body);
  const title = problem.success ? problem.output.title : undefined;
  const detail = explained(response, title, tokenName);
  if (response.status === 429 || response.status >= 500) {
    const isLimit = response.status === 429;
    return { kind: "again", detail, afterMs: pauseMs(response), isLimit, mayBeDone: !isLimit };
  }
  return { ...refused(detail), problems: problem.success ? problem.output.errors : [] };
}

function refused(detail: string): Refusal {
  return { kind: "refused", detail, problems: [], mayBeDone: false };
}

function explained({ status, headers }: Response, title: string | undefined, tokenName: string): string {
  switch (status) {
    case 401:
      return `does not accept ${tokenName} (401)`;
    case 404:
      return "has no such admin endpoint (404): it has no token configured (npx wrangler secret put STRATA_TOKEN), or is no Strata edge of this version";
    case 422:
      return "has carried out another purge under this idempotency key (422): choose another, or leave it out";
    default: {
      const elsewhere = status >= 300 && status < 400 ? headers.get("location") : undefined;
      if (elsewhere) return `redirects to ${elsewhere} (${status}): name that edge itself`;
      return title === undefined
        ? `answered ${status}, but not as a Strata edge does`
        : `answers: ${title} (${status})`;
    }
  }
}

/** RFC 9110 10.2.3, in seconds or as a date. */
function pauseMs({ headers }: Response): number | undefined {
  const field = headers.get("retry-after");
  if (field === null) return undefined;
  const seconds = /^\d+$/.test(field) ? Number(field) : (Date.parse(field) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_PAUSE_SECONDS) * 1000;
}

/** A connection that was never made carried nothing. */
const NEVER_SENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection: nothing listens there",
  ENOTFOUND: "cannot be found: no such host",
  EAI_AGAIN: "cannot be found: name resolution fails",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  UND_ERR_CONNECT_TIMEOUT: "does not answer",
};
const BROKEN_OFF = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** The reading of a missing answer. */
export function unanswered(error: unknown): Answer<never> {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
  const broken = BROKEN_OFF.has(code) ? "ends the connection without an answer" : undefined;
  const known = NEVER_SENT[code] ?? broken ?? (isTimeout ? "does not answer" : undefined);
  // nor did one to somebody whom the certificate does not name, or to a port that fetch refuses
  const isBadPort = cause instanceof Error && cause.message === "bad port";
  const neverSent = NEVER_SENT[code] !== undefined || /CERT|TLS|SSL/.test(code) || isBadPort;
  const detail = known ?? `cannot be asked (${code || (cause instanceof Error ? cause.message : String(cause))})`;
  return { kind: "again", detail, isLimit: false, mayBeDone: !neverSent };
}
