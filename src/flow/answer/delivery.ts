// Owns the facts that every response to one request is built with, whichever response that is.
import type { BrowserPolicy } from "../../http/answer/browser.ts";
import type { RequestFacts } from "../../http/message/facts.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { Exchange } from "../edge.ts";
import type { Offer } from "./negotiate.ts";

export interface Delivery {
  readonly facts: RequestFacts;
  readonly exchange: Exchange;
  readonly nowMs: number;
  /** The rule's policy for browsers; absent where they get the origin's. */
  readonly browser?: BrowserPolicy | undefined;
  /** Absent where the answer leaves as it came: not encoded here. */
  readonly offer?: Offer | undefined;
}

export function deliveryOf({ edge, exchange, facts, rule }: CacheRequest, nowMs: number): Delivery {
  return { facts, exchange, nowMs, browser: rule.browser, offer: { edge, codings: rule.compress } };
}
