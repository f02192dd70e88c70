// Owns the site whose memory holds nothing, so that the colo answers.
import { defineSite } from "../../src/index.ts";

export default defineSite({ tiers: { memory: { bytes: 0 } } });
