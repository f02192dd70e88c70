// Owns an answer that is not stored: it goes to its own client as the origin sent it.
import { settle, type Settle } from "../../http/law/settle.ts";
import type { RequestFacts } from "../../http/message/facts.ts";
import { decodedFacts, withWeakTag } from "../../http/body/content-decoding.ts";
import { type AnswerManner, deliverAnswer } from "../answer/deliver.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { Arrival } from "./arrival.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { mayBeEncoded } from "./store-answer.ts";

/** A HEAD gets the fields of a GET (RFC 9110 9.3.2), so they are changed as if a fill had decoded and encoded the body. */
export function passedAnswer(
  { exchange, facts, rule }: CacheRequest,
  { clientConditionals }: FetchPlan,
  { reason, addPrivate }: Settle & { readonly verdict: "pass-through" },
  { asked, response, content, delivery, outcome: before }: Arrival,
): Response {
  // name the fields that kept the answer out of the store, if the client may know
  const unkeyed = reason === "unkeyed-field" && exchange.shows === "all" ? asked.request.unkeyed : undefined;
  const outcome = { ...before, unkeyed };
  const manner: AnswerManner = { addPrivate, evaluateConditionals: !clientConditionals };
  const request: RequestFacts = { ...facts, method: "GET" };
  const whole =
    facts.method === "HEAD"
      ? settle(response, { ...asked, request, held: undefined }, rule, delivery.nowMs)
      : undefined;
  if (whole?.verdict !== "store") return deliverAnswer(delivery, response, content, outcome, manner);
  const read = whole.undo ? withWeakTag(decodedFacts(response)) : response;
  const encoded = mayBeEncoded(whole.stored, read) ? () => null : undefined;
  return deliverAnswer(delivery, read, content, outcome, { ...manner, encoded });
}
