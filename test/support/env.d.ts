// Owns the types of the bindings that tests in workerd see.
import type { PurgeLog } from "../../src/purge/log.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../src/worker.ts");
    }
    interface Env {
      readonly STRATA_KV: KVNamespace;
      readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
    }
  }
}
