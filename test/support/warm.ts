// Owns the edge for tests of sharing: it knows the purge log already, and reads the reasons out of an answer.
import { testEdge, type TestEdge } from "./edge.ts";

/** An edge that has had a request, and so knows the purge log. */
export async function warm(options: Parameters<typeof testEdge>[0]): Promise<TestEdge> {
  const e = testEdge(options);
  await e.text("/warm");
  e.asked.length = 0;
  return e;
}

/** The reason codes of `Cache-Status`; nothing where there are none. */
export const detail = (response: Response): string =>
  /detail=(\S+)/.exec(response.headers.get("cache-status") ?? "")?.[1] ?? "";
