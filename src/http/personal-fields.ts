// Owns which response fields belong to one person: an answer that carries one is not stored, as with Set-Cookie.
import { type CookieGroups, cookiesOf } from "./cookies.ts";
import { splitList } from "./fields.ts";
import { anyPatternTest } from "./pattern.ts";

/** Names in lower case; `*` stands for any characters. */
export const PERSONAL_FIELDS: readonly string[] = [
  "set-login",
  "sec-session-*",
  // tokens against forgery, and tokens that let somebody in
  "*csrf*",
  "*xsrf*",
  "token",
  "access-token",
  "refresh-token",
  "id-token",
  "session-token",
  "auth-token",
  "x-token",
  "x-access-token",
  "x-refresh-token",
  "x-id-token",
  "x-api-token",
  "x-bearer-token",
  "*jwt*",
  "x-api-key",
  "api-key",
  "x-wp-nonce",
  "authorization",
  "x-authorization*",
  "authentication-info",
  "proxy-authentication-info",
  "x-auth",
  "x-auth-*",
  "x-oauth-*",
  "x-amzn-oidc-*",
  "x-goog-iap-*",
  "x-goog-authenticated-*",
  "x-ms-client-principal*",
  // names and numbers of people, their accounts and their sessions
  "x-user",
  "x-user-*",
  "x-userid",
  "x-username",
  "x-current-user*",
  "x-authenticated-*",
  "x-remote-user*",
  "remote-user",
  "x-forwarded-user*",
  "x-forwarded-email",
  "x-forwarded-preferred-username",
  "x-account",
  "x-account-*",
  "x-customer",
  "x-customer-*",
  "x-member",
  "x-member-*",
  "x-login*",
  "x-email",
  "x-identity",
  "x-identity-*",
  "x-profile-id",
  "x-session",
  "x-session-*",
  "x-sessionid",
  "session-id",
  "x-cart-*",
];

/** Names that would match, and are nobody's: a browser's compatibility mode, a client's name for itself. */
const NOBODYS: ReadonlySet<string> = new Set(["x-user-agent", "x-user-agent-class", "x-user-country"]);

/**
 * Whether a Set-Cookie2 sets a cookie for one client: one with the Version that RFC 2965 3.2.2 requires, without which no client ever took
 * it; or one whose name or value is a session's, however badly written.
 */
export function setsCookie2(value: string, groupOf: CookieGroups): boolean {
  return splitList(value).some((written) => {
    const [pair = "", ...attributes] = splitList(written, ";");
    const hasVersion = attributes.some((attribute) => /^version\s*(?:=|$)/i.test(attribute));
    return hasVersion || cookiesOf(pair).some((cookie) => groupOf(cookie.name, cookie.value) === "session");
  });
}

/** A test for names in any case. */
export function nameTest(patterns: readonly string[]): (name: string) => boolean {
  const test = anyPatternTest(patterns.map((pattern) => pattern.toLowerCase()));
  return (name) => {
    const lower = name.toLowerCase();
    return test(lower) && !NOBODYS.has(lower);
  };
}
