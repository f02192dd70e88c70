// Owns the types of the bindings that tests in workerd see.
import type { Leases } from "../../src/leases/leases.ts";
import type { PurgeLog } from "../../src/purge/log/log.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../src/worker.ts");
    }
    interface Env {
      readonly STRATA_KV: KVNamespace;
      readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
      readonly STRATA_LEASES: DurableObjectNamespace<Leases>;
    }
  }
}
