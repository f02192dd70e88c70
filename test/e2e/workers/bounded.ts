// Owns an edge that is the deployed one but for its waits, which a test chooses.
import configured from "../../../strata.config.ts";
import { requireSite } from "../../../src/policy/define.ts";
import { boundedStrata } from "../../../src/strata.ts";
import { bounds } from "./chosen-bounds.ts";

export { Leases } from "../../../src/leases/leases.ts";
export { PurgeLog } from "../../../src/purge/log/log.ts";

export default boundedStrata(requireSite(configured), bounds);
