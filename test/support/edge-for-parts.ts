// Owns an edge that forwards ranges as sent, and the reading of a range request that it sent.
import { answer, type EdgeOptions, type TestEdge, testEdge } from "./edge.ts";
import { rangedOrigin, TEN } from "./ranged.ts";

const PLAIN = { "cache-control": "max-age=60" };

export const CACHED = { ...PLAIN, etag: '"v1"' };
/** An edge that sends ranges on as they come, since the whole could not be stored lately. */
export async function edgeForParts(options: EdgeOptions = {}): Promise<TestEdge> {
  const e = testEdge({ ...options, origin: () => answer("x", { "cache-control": "no-store" }) });
  await e.text("/a");
  e.asked.length = 0;
  e.origin = options.origin ?? rangedOrigin(TEN, CACHED);
  return e;
}

/** The request to the origin: its range and its condition. */
export function sent(request: Request | undefined): readonly (string | null | undefined)[] {
  return ["range", "if-range"].map((name) => request?.headers.get(name));
}
