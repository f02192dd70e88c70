// The site this checkout deploys: empty, so that the origin's own headers decide. See docs/configuration.md.
import { defineSite } from "./src/index.ts";

export default defineSite({});
