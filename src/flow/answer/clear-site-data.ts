// Owns what page loads carry besides the page: the word to a browser that its cache was purged, once.
import { clearingFor, EPOCH_COOKIE, type Clearing, epochCookies } from "../../http/answer/browser-epoch.ts";
import type { Edge, Exchange } from "../edge.ts";
import { timed } from "../support/timings.ts";

/**
 * A page load, as browsers mark it on every secure origin (Fetch Metadata 2.1, 2.3). The cookie of a form that another site sends,
 * and of a frame in its pages, stays behind (SameSite): of these nobody could say what has been obeyed. From a service worker it is
 * into nothing in particular.
 */
export function isNavigation({ method, headers }: Request): boolean {
  if (headers.get("sec-fetch-mode") !== "navigate" || method !== "GET") return false;
  return !/^(?:i?frame|embed|object)$/.test(headers.get("sec-fetch-dest") ?? "");
}

/** How long a page load may wait for the time when every edge has obeyed, milliseconds; where that is later, it is not told yet. */
const PATIENCE_MS = 2000;

/** Serves a page load; a browser that has not obeyed the last purge of browsers gets told with its page. */
export async function serveNavigation(
  edge: Edge,
  exchange: Exchange,
  serve: (edge: Edge, exchange: Exchange) => Promise<Response>,
): Promise<Response> {
  // the page's own look needs the same, and will find it done
  const inBound = edge.purges.ensure(edge.site.maxLagMs, exchange.background);
  if (inBound instanceof Promise) await timed(exchange, "purges", inBound);
  const clearing = clearingOf(edge, exchange.request);
  if (!clearing || clearing.leftMs > PATIENCE_MS) return serve(edge, exchange);
  // what it fetches anew could come from an isolate that still serves the old, and would stay for as long as that had
  if (clearing.clears && clearing.leftMs > 0) await timed(exchange, "purges", edge.timeout(clearing.leftMs).passed);
  const response = await serve(edge, clearing.clears ? withoutConditions(exchange) : exchange);
  tell(response, clearing, exchange.request);
  return response;
}

/** The log's clock and an isolate's are at most so far apart: where they are not, another purge may come in a second that was told. */
const CLOCKS_MS = 1000;

/** `leftMs`: until every edge obeys what was purged in that second, and it is over by any clock. */
type Told = Clearing & { readonly leftMs: number };

function clearingOf(edge: Edge, { url, headers }: Request): Told | undefined {
  const read = edge.readUrl(url);
  const epoch = read.ok ? edge.purges.browserEpoch(read.location.host) : undefined;
  const field = (name: string): string | undefined => headers.get(name) ?? undefined;
  if (epoch === undefined) return undefined;
  const nowMs = edge.now();
  const clearing = clearingFor(epoch, epochCookies(field("cookie")), field, nowMs);
  return clearing && { ...clearing, leftMs: (epoch + 1) * 1000 + Math.max(edge.site.maxLagMs, CLOCKS_MS) - nowMs };
}

/** The page is cleared with everything else, so a 304 would leave nothing to show. */
function withoutConditions(exchange: Exchange): Exchange {
  const headers = new Headers(exchange.request.headers);
  for (const name of ["if-none-match", "if-modified-since"]) headers.delete(name);
  return { ...exchange, request: new Request(exchange.request, { headers }) };
}

const MAX_AGE_SECONDS = 400 * 24 * 3600;

/** Clear-Site-Data of W3C Clear Site Data 3.1; the answer is stored nowhere, for its cookie is this browser's. */
function tell({ headers }: Response, { clears, value }: Clearing, { url }: Request): void {
  const secure = url.startsWith("https:") ? "; Secure" : "";
  headers.append(
    "set-cookie",
    `${EPOCH_COOKIE}=${value}; Path=/; Max-Age=${String(MAX_AGE_SECONDS)}; HttpOnly; SameSite=Lax${secure}`,
  );
  headers.set("cache-control", "no-store");
  headers.delete("cdn-cache-control");
  headers.delete("expires");
  if (clears) headers.set("clear-site-data", '"cache"');
}
