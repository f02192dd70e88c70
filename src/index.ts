// Owns the public names of the package.
export { SiteError } from "./error.ts";
export { defineSite, type Rule, type Site, type SiteInput } from "./policy/define.ts";
export { PERSONAL_FIELDS } from "./http/message/personal-fields.ts";
export { REQUEST_FIELDS } from "./http/message/request-fields.ts";
export { HARMLESS_COOKIES, PREVIEW_COOKIES, SESSION_COOKIES, TRACKER_COOKIES } from "./policy/cookie-lists.ts";
export { TRACKING_PARAMETERS } from "./policy/tracking-parameters.ts";
