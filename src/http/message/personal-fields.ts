// Owns the response fields that belong to one person: an answer with one of them is not stored, as with Set-Cookie.
import { type CookieGroups, cookiesOf } from "./cookies.ts";
import { splitList } from "./fields.ts";
import { anyPatternTest, words } from "./pattern.ts";

/**
 * Tokens against forgery and access tokens; names and numbers of people, their accounts and their sessions. In lower case;
 * `*` stands for any characters. Sorted.
 */
export const PERSONAL_FIELDS: readonly string[] = words(
  "*csrf* *jwt* *xsrf* access-token api-key auth-token authentication-info authorization id-token " +
    "proxy-authentication-info refresh-token remote-user sec-session-* session-id session-token set-login token " +
    "x-access-token x-account x-account-* x-amzn-oidc-* x-api-key x-api-token x-auth x-auth-* x-authenticated-* " +
    "x-authorization* x-bearer-token x-cart-* x-current-user* x-customer x-customer-* x-email x-forwarded-email " +
    "x-forwarded-preferred-username x-forwarded-user* x-goog-authenticated-* x-goog-iap-* x-id-token x-identity " +
    "x-identity-* x-login* x-member x-member-* x-ms-client-principal* x-oauth-* x-profile-id x-refresh-token " +
    "x-remote-user* x-session x-session-* x-sessionid x-token x-user x-user-* x-userid x-username x-wp-nonce",
);

/** Names that would match, but identify nobody: a browser's compatibility mode, a client's name for itself. */
const NOBODYS: ReadonlySet<string> = new Set(["x-user-agent", "x-user-agent-class", "x-user-country"]);

/**
 * Whether a Set-Cookie2 sets a cookie for one client: with the Version that RFC 2965 3.2.2 requires, without which no client ever accepted
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
