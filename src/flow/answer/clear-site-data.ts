// Owns how a page load tells a browser, once, to drop its cache after a purge of browsers.
import { clearingFor, EPOCH_COOKIE, type Clearing, epochCookies } from "../../http/answer/browser-epoch.ts";
import type { Edge, Exchange } from "../edge.ts";
import { timed } from "../support/timings.ts";

/**
 * A page load, as browsers mark it on secure origins (Fetch Metadata 2.1, 2.3). Frames, and forms that another site sends, come without
 * the SameSite cookie, so the edge could not tell whether they obeyed. Loads through a service worker have an empty destination.
 */
export function isNavigation({ method, headers }: Request): boolean {
  if (headers.get("sec-fetch-mode") !== "navigate" || method !== "GET") return false;
  return !/^(?:i?frame|embed|object)$/.test(headers.get("sec-fetch-dest") ?? "");
}

/** How long a page load may wait until every edge obeys the purge, milliseconds. Where that takes longer, this load is not told yet. */
const PATIENCE_MS = 2000;

/** Serves a page load. A browser that has not obeyed the last purge of browsers is told with its page. */
export async function serveNavigation(
  edge: Edge,
  exchange: Exchange,
  serve: (edge: Edge, exchange: Exchange) => Promise<Response>,
): Promise<Response> {
  // the page's own lookup needs the same answer, and will find it there
  const inBound = edge.purges.ensure(edge.site.maxLagMs, exchange.background);
  if (inBound instanceof Promise) await timed(exchange, "purges", inBound);
  const clearing = clearingOf(edge, exchange.request);
  if (!clearing || clearing.leftMs > PATIENCE_MS) return serve(edge, exchange);
  // until every edge obeys, an isolate could serve the old response once more, and the browser would keep it for its full lifetime
  if (clearing.clears && clearing.leftMs > 0)
    await timed(exchange, "purges", edge.clock.timeout(clearing.leftMs).passed);
  const response = await serve(edge, clearing.clears ? withoutConditions(exchange) : exchange);
  tell(response, clearing, exchange.request);
  return response;
}

/**
 * The clocks of log and isolates differ by at most this, milliseconds. With a larger difference a purge could still fall into a second
 * that browsers were told of.
 */
const CLOCKS_MS = 1000;

/** `leftMs`: until that second is over by any clock, and every edge obeys the purges in it. */
type Told = Clearing & { readonly leftMs: number };

function clearingOf(edge: Edge, { url, headers }: Request): Told | undefined {
  const read = edge.intake.readUrl(url);
  const epoch = read.ok ? edge.purges.browserEpoch(read.location.host) : undefined;
  const field = (name: string): string | undefined => headers.get(name) ?? undefined;
  if (epoch === undefined) return undefined;
  const nowMs = edge.clock.now();
  const clearing = clearingFor(epoch, epochCookies(field("cookie")), field, nowMs);
  return clearing && { ...clearing, leftMs: (epoch + 1) * 1000 + Math.max(edge.site.maxLagMs, CLOCKS_MS) - nowMs };
}

/** The browser drops the page along with the rest, so a 304 would leave it nothing to show. */
function withoutConditions(exchange: Exchange): Exchange {
  const headers = new Headers(exchange.request.headers);
  for (const name of ["if-none-match", "if-modified-since"]) headers.delete(name);
  return { ...exchange, request: new Request(exchange.request, { headers }) };
}

const MAX_AGE_SECONDS = 400 * 24 * 3600;

/** Sets Clear-Site-Data (W3C Clear Site Data 3.1). No cache may store the answer, for its cookie is this browser's. */
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
