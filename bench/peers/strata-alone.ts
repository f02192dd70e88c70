// Owns Strata's own worker with nothing below its memory.
import worker from "../../src/worker.ts";
import { emptyTiers } from "./empty-tiers.ts";

export { Leases, PurgeLog } from "../../src/worker.ts";

const emptyKv = {
  get: () => Promise.resolve(null),
  getWithMetadata: () => Promise.resolve({ value: null, metadata: null, cacheStatus: null }),
  put: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};

emptyTiers();

let alone: object | undefined;

export default {
  fetch(request: Request, env: object, context: ExecutionContext): Response | Promise<Response> {
    // one object for the life of the isolate: the worker is mounted once
    alone ??= { ...env, STRATA_KV: emptyKv };
    return worker.fetch(request, alone, context);
  },
};
