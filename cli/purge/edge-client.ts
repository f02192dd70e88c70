// Owns one edge's admin endpoint as the command line asks it: one attempt each, no answer is waited for without end.
import * as v from "valibot";
import { type Answer, answerOf, unanswered } from "./answer.ts";
import type { Batch } from "./batch.ts";
import type { Token } from "./token.ts";

const receipt = v.object({
  seq: v.number(),
  purgedAt: v.string(),
  replayed: v.optional(v.boolean(), false),
  visible: v.object({ everywhereWithinMs: v.number() }),
});
const dryRun = v.object({
  dryRun: v.literal(true),
  would: v.array(
    v.object({ pointer: v.string(), targets: v.array(v.object({ kind: v.string(), value: v.string() })) }),
  ),
});
const known = v.object({ log: v.nullable(v.string()), seq: v.number(), current: v.boolean() });

export type Receipt = v.InferOutput<typeof receipt>;
/** The canonical targets of each item of an order. */
export type Selected = v.InferOutput<typeof dryRun>["would"];
/** One isolate's knowledge of the purge log; see docs/purge.md. */
export type Known = v.InferOutput<typeof known>;

export interface EdgeClient {
  readonly url: string;
  purge(batch: Batch): Promise<Answer<Receipt>>;
  dryRun(batch: Batch): Promise<Answer<Selected>>;
  known(): Promise<Answer<Known>>;
}

const ATTEMPT_MS = 15_000;

export function edgeClient(url: string, { secret, name }: Token, signal: AbortSignal): EdgeClient {
  async function ask<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    init: { method?: string; body?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer<v.InferOutput<Schema>>> {
    const headers = { authorization: `Bearer ${secret}`, ...init.headers };
    // a redirect must not carry the token elsewhere
    const options = { ...init, headers, redirect: "manual" as const };
    try {
      const response = await fetch(url + path, {
        ...options,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
      });
      return from(await answerOf(response, schema, name));
    } catch (error) {
      return from(unanswered(error));
    }
  }

  const from = <T>(answer: Answer<T>): Answer<T> =>
    answer.kind === "done" ? answer : { ...answer, detail: `${url} ${answer.detail}` };
  const order = (body: object, headers: Readonly<Record<string, string>> = {}) => ({
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
  return {
    url,
    purge: (batch) =>
      ask("/.strata/purge", receipt, order(batch.order, { "idempotency-key": `"${batch.idempotencyKey}"` })),
    async dryRun(batch) {
      const answer = await ask("/.strata/purge", dryRun, order({ ...batch.order, dryRun: true }));
      return answer.kind === "done" ? { kind: "done", value: answer.value.would } : answer;
    },
    known: () => ask("/.strata/purges/known", known),
  };
}
