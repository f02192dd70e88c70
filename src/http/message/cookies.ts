// Owns the reading of a Cookie field: whether the request is somebody's, and which cookies a fetch for the cache takes along (RFC 6265 4.2).

export type CookieGroup =
  /** A session, or credentials: the request counts as authenticated. */
  | "session"
  /** Shows drafts: the request passes by the cache. */
  | "preview"
  /** Read by scripts in the page only: a fetch for the cache never takes it along. */
  | "tracker"
  /** Consent, load balancers and CDNs: no reason against storing, because the origin answers everybody alike. */
  | "harmless"
  /** No list knows the cookie, so the answer may be for its owner alone. */
  | "unknown";

export type CookieGroups = (name: string, value: string) => CookieGroup;

/** Facts about the cookies of one request. */
export interface CookieFacts {
  /** A cookie of a session or with credentials. */
  readonly hasSession: boolean;
  readonly hasUnknownCookie: boolean;
  readonly hasPreview: boolean;
  /** Without trackers; empty if only harmless cookies are left. `undefined`: no Cookie field. */
  readonly forwardedCookie: string | undefined;
}

export const NO_COOKIES: CookieFacts = {
  hasSession: false,
  hasUnknownCookie: false,
  hasPreview: false,
  forwardedCookie: undefined,
};

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly written: string;
}

export function cookieFacts(field: string | undefined, groupOf: CookieGroups): CookieFacts {
  if (field === undefined) return NO_COOKIES;
  const cookies = cookiesOf(field);
  const groups = cookies.map(({ name, value }) => groupOf(name, value));
  const hasSession = groups.includes("session");
  const hasUnknownCookie = groups.includes("unknown");
  const hasPreview = groups.includes("preview");
  const forwarded = (): string | undefined => {
    // the request is most likely its owner's own: a load balancer must find the server that knows the session
    if (hasSession || hasPreview) return field;
    if (!hasUnknownCookie) return undefined;
    return cookies.flatMap(({ written }, position) => (groups[position] === "tracker" ? [] : [written])).join("; ");
  };
  return { hasSession, hasUnknownCookie, hasPreview, forwardedCookie: forwarded() };
}

/**
 * Several lines arrive joined with a comma, so both separators count (RFC 6265 4.2.1). Without a `=` behind it a comma belongs to the
 * value before it: consent cookies hold lists.
 */
export function cookiesOf(field: string): readonly Cookie[] {
  const cookies: Cookie[] = [];
  for (const pair of field.split(field.includes(",") ? /;|,(?=[^;,]*=)/ : ";")) {
    const written = pair.trim();
    if (written === "") continue;
    const equals = written.indexOf("=");
    const [name, value] =
      equals < 0 ? [written, ""] : [written.slice(0, equals).trim(), written.slice(equals + 1).trim()];
    cookies.push({ name, value, written });
  }
  return cookies;
}
