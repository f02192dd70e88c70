// Owns the deployed worker: the site's configuration in front of its origins.
import configured from "../strata.config.ts";
import { requireSite } from "./policy/define.ts";
import { strata } from "./strata.ts";

export { Leases } from "./leases/leases.ts";
export { PurgeLog } from "./purge/log/log.ts";

export default strata(requireSite(configured));
