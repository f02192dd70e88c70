// Owns the two functions that collapsing is given: one that answers from the store, one that fetches.
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { Fetched } from "../fetch/fetched.ts";

export interface Ways {
  /** `isAwaited`: whether followers wait for the fetch; absent where there is no flight. */
  fetch(request: CacheRequest, isAwaited?: () => boolean): Promise<Fetched>;
  /** `waitedFor`: the reason why the request waited for another request's fetch first. */
  answer(request: CacheRequest, waitedFor?: ReasonCode): Response | Promise<Response>;
}
