// Owns the two ways that collapsing chooses between for a request: an answer without the origin, or a fetch.
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { Fetched } from "../fetch/fetched.ts";

export interface Ways {
  /** `isAwaited`: whether other requests wait for the fetch; absent where none can. */
  fetch(request: CacheRequest, isAwaited?: () => boolean): Promise<Fetched>;
  /** `waitedFor`: why the request waited for another's fetch first. */
  answer(request: CacheRequest, waitedFor?: ReasonCode): Response | Promise<Response>;
}
