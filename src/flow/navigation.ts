// Owns what page loads carry besides the page: the word to a browser that its cache was purged, once.
import { clearingFor, EPOCH_COOKIE, type Clearing, epochCookie } from "../http/browser-epoch.ts";
import type { Edge, Exchange } from "./exchange.ts";

/** A page load, as browsers mark it on every secure origin (Fetch Metadata 2.3). */
export function isNavigation({ headers }: Request): boolean {
  return headers.get("sec-fetch-mode") === "navigate";
}

/** Serves a page load; a browser that has not obeyed the last purge of browsers gets told with its page. */
export async function serveNavigation(
  edge: Edge,
  exchange: Exchange,
  serve: (edge: Edge, exchange: Exchange) => Promise<Response>,
): Promise<Response> {
  // the page's own look needs the same, and will find it done
  await edge.purges.ensure(edge.site.maxLagMs, exchange.background);
  const clearing = clearingOf(edge, exchange.request);
  if (!clearing) return serve(edge, exchange);
  const response = await serve(edge, clearing.clears ? withoutConditions(exchange) : exchange);
  tell(response, clearing, exchange.request);
  return response;
}

function clearingOf(edge: Edge, { url, headers }: Request): Clearing | undefined {
  const host = URL.parse(url)?.host;
  const epoch = host === undefined ? undefined : edge.purges.browserEpoch(host);
  const field = (name: string): string | undefined => headers.get(name) ?? undefined;
  return epoch === undefined ? undefined : clearingFor(epoch, epochCookie(field("cookie")), field);
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
