// Owns the empty site: the origin's own headers decide, every default holds.
import { defineSite } from "../../src/index.ts";

export default defineSite({});
