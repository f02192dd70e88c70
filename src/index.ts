// Owns what users of the package import.
export { SiteError } from "./error.ts";
export { defineSite, type Rule, type Site, type SiteInput } from "./policy/define.ts";
export { TRACKING_PARAMETERS } from "./policy/tracking-parameters.ts";
