// Owns an arrival: the origin's answer before its body is read, with the request to the origin that it answers.
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { OriginFetch } from "../../http/law/settle.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import type { Delivery } from "../answer/delivery.ts";

export interface Arrival {
  readonly asked: OriginFetch;
  readonly response: ResponseFacts;
  readonly content: ReadableStream<Uint8Array> | null;
  readonly delivery: Delivery;
  /** For Cache-Status, as far as the edge knows it at this point. */
  readonly outcome: Outcome;
}
