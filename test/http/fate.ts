// Owns the fate of an answer: from the header sections of an origin and of two clients to the one word of what the cache does.
import { reuse, type PurgeState } from "../../src/http/law/reuse.ts";
import type { SettlePolicy } from "../../src/http/law/record.ts";
import type { Stored } from "../../src/http/law/stored.ts";
import { matchesVariant } from "../../src/http/select/vary.ts";
import { type Fields, NOW, POLICY, requestOf, type ResponseShape, settled } from "./support.ts";

/** The circumstances that a line of the law supposes, beside the answer. */
export interface Given {
  readonly shape?: ResponseShape;
  /** Fields of the first client, whose answer came from the origin at NOW. */
  readonly first?: Fields;
  /** Seconds until the second client asks. */
  readonly after?: number;
  /** Fields of the second client. */
  readonly second?: Fields;
  readonly purge?: PurgeState;
  readonly policy?: Partial<SettlePolicy>;
}

/**
 * One line of the law. `says` is what the origin answers: a header section, or the value of Cache-Control alone. `fate` is what
 * the second client gets: `fresh`, `max-stale`, `swr`; `ask: reason` where the origin is asked; `504`; or `out: reason`.
 */
export type Line = readonly [section: string, what: string, says: string | Fields, fate: string, given?: Given];

export function fateOf(says: string | Fields, given: Given = {}): string {
  const fields = typeof says === "string" ? { "Cache-Control": says } : says;
  const verdict = settled(fields, given.shape, { request: requestOf(given.first) }, given.policy);
  return verdict.verdict === "store" ? fateOfStored(verdict.stored, given) : `out: ${verdict.reason}`;
}

/** The same for what is stored already. */
export function fateOfStored(stored: Stored, given: Given): string {
  const { after = 0, second = {}, purge = { state: "clear" }, policy } = given;
  const request = requestOf(second);
  const held = matchesVariant(stored.variant, request.field) ? stored : "vary-miss";
  const decided = reuse(request, held, purge, { ...POLICY, ...policy }, NOW + after * 1000);
  switch (decided.verdict) {
    case "fresh":
      return decided.reason;
    case "stale-while-revalidate":
      return "swr";
    case "revalidate":
    case "complete":
    case "fetch":
      return `ask: ${decided.reason}`;
    case "unsatisfiable":
      return "504";
  }
}
