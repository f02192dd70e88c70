// Owns origins that fail, and an edge with a stale response that may stand in for them.
import { answer, type Origin, type TestEdge, testEdge } from "./edge.ts";

const SIE = { "cache-control": "max-age=1, stale-if-error=600", etag: '"1"' };

export const refused: Origin = () => Promise.reject(new Error("refused"));

export const silent: Origin = () => new Promise<Response>(() => undefined);

/** An edge with a stale response that may stand in for errors. */
export async function stale(headers: HeadersInit = SIE): Promise<TestEdge> {
  const e = testEdge({ origin: () => answer("old", headers) });
  await e.text("/a");
  e.passes(5);
  return e;
}

export const says = (response: Response): string | null => response.headers.get("cache-status");
