// Owns GET /.strata/purges/known: the purges that the answering isolate knows, found out as a request for content does.
import type { Edge, Exchange } from "../flow/edge.ts";
import { jsonAnswer } from "./json-answer.ts";

/** `current` is false while the log is out of reach and the isolate's knowledge is older than the bound: then `onUnknown` decides. */
export async function knownRoute({ site, purges }: Edge, background: Exchange["background"]): Promise<Response> {
  const current = await purges.ensure(site.maxLagMs, background);
  const at = purges.fence();
  return jsonAnswer({ log: at?.incarnation ?? null, seq: at?.seq ?? 0, current });
}
