// Owns Strata's own worker with nothing below its memory.
import worker from "../../src/worker.ts";
import { emptyTiers } from "./empty-tiers.ts";

export { Leases, PurgeLog } from "../../src/worker.ts";

/** Asked for, the isolate collects its garbage. */
const COLLECT_PATH = "/.collect";

const emptyKv = {
  get: () => Promise.resolve(null),
  getWithMetadata: () => Promise.resolve({ value: null, metadata: null, cacheStatus: null }),
  put: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};

emptyTiers();

let alone: object | undefined;

/** Present with `--expose-gc`. */
function collected(): Response {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return new Response(gc ? "collected" : "cannot collect");
}

export default {
  fetch(request: Request, env: object, context: ExecutionContext): Response | Promise<Response> {
    if (new URL(request.url).pathname === COLLECT_PATH) return collected();
    // one object for the life of the isolate: the worker is mounted once
    alone ??= { ...env, STRATA_KV: emptyKv };
    return worker.fetch(request, alone, context);
  },
};
