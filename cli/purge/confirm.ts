// Owns waiting until every edge obeys: the bound of the receipts for all of them, and a question to each that was named.
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import type { EdgeClient, Known } from "./edge-client.ts";
import { type Ended, persist, type Persistence } from "./persist.ts";
import { boundMs, type Fate, lastSeq } from "./run.ts";

/** The report of a named edge after the bound. */
interface Confirmation {
  readonly url: string;
  /** The latest purge it knows; undefined where it did not confirm. */
  readonly seq?: number;
  /** Why it does not confirm. */
  readonly detail?: string;
}

export type Confirmed =
  | { readonly kind: "asked"; readonly boundMs: number; readonly edges: readonly Confirmation[] }
  | { readonly kind: "interrupted" };

/** @param edges the first took the purge */
export async function confirm(
  edges: readonly EdgeClient[],
  fates: readonly Fate[],
  persistence: Persistence,
): Promise<Confirmed> {
  const { signal } = persistence;
  const bound = boundMs(fates);
  const seq = lastSeq(fates);
  await pause(bound, undefined, { signal }).catch(() => undefined);
  const asked = await Promise.all(edges.map((edge) => persist(() => knowing(edge, seq), persistence)));
  if (signal.aborted) return { kind: "interrupted" };
  const [taker] = asked;
  const log = taker?.kind === "done" ? taker.value.log : undefined;
  return { kind: "asked", boundMs: bound, edges: edges.map(({ url }, i) => confirmation(url, asked[i], log)) };
}

async function knowing(edge: EdgeClient, seq: number): Promise<Answer<Known>> {
  const answer = await edge.known();
  if (answer.kind !== "done") return answer;
  const { current, seq: known } = answer.value;
  if (current && known >= seq) return answer;
  const detail = current
    ? `${edge.url} knows the purge log up to number ${known} only`
    : `${edge.url} does not reach the purge log: onUnknown of its rules decides what it answers`;
  return { kind: "again", detail, isLimit: false, mayBeDone: false };
}

function confirmation(url: string, ended: Ended<Known> | undefined, log: string | null | undefined): Confirmation {
  if (ended?.kind !== "done") return { url, detail: ended?.detail ?? `${url} was not asked` };
  const { seq } = ended.value;
  if (log === undefined || ended.value.log === log) return { url, seq };
  // numbers of two logs say nothing of each other
  return { url, detail: `${url} reads another purge log than the edge that took the purge` };
}
