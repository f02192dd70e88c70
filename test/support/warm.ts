// Owns what the tests of sharing ask of an edge: one that knows the purge log already, and the reasons that an answer tells.
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
