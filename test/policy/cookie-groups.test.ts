// Owns the proof that cookies are read by their names and values: sessions of common frameworks, what is harmless, and what nobody knows.
import { describe, expect, it } from "vitest";
import { cookieFacts } from "../../src/http/message/cookies.ts";
import { cookieGroups, isCredentialShaped } from "../../src/policy/cookie-groups.ts";

const groupOf = cookieGroups();

describe("a session", () => {
  it.each([
    ["Express", "connect.sid"],
    ["PHP", "PHPSESSID"],
    ["PHP, in other case", "phpsessid"],
    ["Java", "JSESSIONID"],
    ["Spring", "SESSION"],
    ["Spring, remembered", "remember-me"],
    ["ASP.NET", "ASP.NET_SessionId"],
    ["ASP.NET Core", ".AspNetCore.Cookies"],
    ["classic ASP", "ASPSESSIONIDQQACBDRT"],
    ["Django", "sessionid"],
    ["Flask", "session"],
    ["Rails", "_shop_session"],
    ["Devise", "remember_user_token"],
    ["Laravel", "laravel_session"],
    ["Laravel, remembered", "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d"],
    ["Drupal", "SSESS49960de5880e8c687434170f6476605b"],
    ["WordPress", "wordpress_logged_in_0123456789abcdef"],
    ["WooCommerce", "wp_woocommerce_session_0123456789abcdef"],
    ["Next Auth, split", "__Secure-next-auth.session-token.0"],
    ["Auth.js", "authjs.session-token"],
    ["Better Auth", "better-auth.session_token"],
    ["Auth0", "appSession"],
    ["Lucia", "auth_session"],
    ["Keycloak", "KEYCLOAK_IDENTITY"],
    ["oauth2-proxy", "_oauth2_proxy"],
    ["AWS load balancers", "AWSELBAuthSessionCookie-0"],
    ["Azure App Service", "AppServiceAuthSession"],
    ["Supabase", "sb-abcdef-auth-token.0"],
    ["Cloudflare Access", "CF_Authorization"],
    ["Clerk, Firebase, Remix", "__session"],
    ["a JSON web token", "jwt"],
    ["a cart", "cart"],
    ["any login of its own", "shop_login"],
    ["any token", "my-access_token"],
    ["any secret of Plug", "_shop_key"],
    ["a forgery token", "XSRF-TOKEN"],
    ["with the host's prefix", "__Host-sid"],
    ["with the secure prefix, in other case", "__SECURE-Session"],
    ["a digest for a name", "8d777f385d3dfec8815d20f7496026dc"],
    // names that a pattern of trackers or of harmless ones would swallow
    ["Ory Hydra's consent", "oauth2_consent_csrf"],
    ["a newer Hydra's consent", "ory_hydra_consent_csrf_2091847"],
    ["any consent of a login", "consent_session"],
    ["Matomo's own back end", "MATOMO_SESSID"],
    ["Matomo, remembered", "matomo_auth"],
    ["Sentry's own server", "sentrysid"],
    ["Sentry, as administrator", "sentry-su"],
    ["NetScaler's login for applications", "NSC_TMAS"],
    ["an application whose name begins as a tracker's", "mp_session"],
    ["the same of a test", "amp_auth"],
    ["the same of a load balancer", "ts01_login"],
  ])("%s: %s", (_, name) => {
    expect(groupOf(name, "1")).toBe("session");
  });

  it.each([
    ["a JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-123"],
    ["one behind Bearer", "Bearer%20eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-123"],
    ["one in quotes", '"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-123"'],
    ["Laravel's encrypted JSON", "eyJpdiI6IkFBQUFBQUFBQUFBQUFBQUFBQUE9PSIsInZhbHVlIjoi"],
    ["Express's signed id", "s%3AhYq2l9hbYJ8Tn0.k3Jx1Y0cR8w0nYp7FvQb1s5w2mQ"],
    ["Flask's signed value", "MTIz.ZxYwVu.4Lq8Zk1mT0n5vB2cX7wY9sR3pQe"],
    ["Django's signed value", "alice:1tGm3x:Zk1mT0n5vB2cX7wY9sR3pQe4Lq8"],
    ["Rails's signed value", "BAh7B0kiD3Nlc3Npb25faWQGOgZFVEki--4f3c0a7b9d2e8f1a6c5b4d3e2f1a0b9c8d7e6f5a"],
  ])("by its value, whatever its name: %s", (_, value) => {
    expect(isCredentialShaped(value)).toBe(true);
    expect(groupOf("prefs", value)).toBe("session");
  });

  it.each([
    "dark",
    "en-GB",
    "1.2.3",
    "2026-12-01T10:00:00Z",
    "a.b.c",
    "true",
    "EUR",
    "v=1|t=2",
    "https://shop.test/a?b=1",
  ])("is not seen in %s", (value) => {
    expect(groupOf("prefs", value)).toBe("unknown");
  });
});

it.each([
  ["_ga", "tracker"],
  ["_ga_ABC123", "tracker"],
  ["_fbp", "tracker"],
  ["_hjSessionUser_123", "tracker"],
  ["ai_session", "tracker"],
  ["intercom-session-abc", "tracker"],
  ["_hjAbsoluteSessionInProgress", "tracker"],
  ["optimizelySession", "tracker"],
  ["ABTastySession", "tracker"],
  ["_dyjsession", "tracker"],
  ["_parsely_session", "tracker"],
  ["sbjs_session", "tracker"],
  ["pys_session_limit", "tracker"],
  ["ab.storage.sessionId.0a1b", "tracker"],
  ["mp_0123456789abcdef_mixpanel", "tracker"],
  ["visitor_id123456-hash", "tracker"],
  ["et_coid", "tracker"],
  ["driftt_aid", "tracker"],
  ["mf_0a1b2c3d-0000-1111-2222-333344445555", "tracker"],
  ["ph_phc_abc_posthog", "tracker"],
  ["rl_user_id", "tracker"],
  ["rl_session", "tracker"],
  ["cfz_google-analytics_v4", "tracker"],
  ["_cs_id", "tracker"],
  ["QSI_HistorySession", "tracker"],
  ["_pubcid", "tracker"],
  ["guest_id", "unknown"],
  ["visitor_id", "unknown"],
  ["ld_plan", "unknown"],
  ["_sp_user_consent_1", "harmless"],
  ["axeptio_authorized_vendors", "harmless"],
  ["mage-cache-sessid", "harmless"],
  ["us_privacy", "harmless"],
  ["ApplicationGatewayAffinity", "harmless"],
  ["__stripe_sid", "tracker"],
  ["OptanonConsent", "harmless"],
  ["CookieConsent", "harmless"],
  ["didomi_token", "harmless"],
  ["__cf_bm", "harmless"],
  ["cf_clearance", "harmless"],
  ["AWSALB", "harmless"],
  ["ARRAffinitySameSite", "harmless"],
  ["BIGipServerpool", "harmless"],
  ["incap_ses_1_2", "harmless"],
  ["__prerender_bypass", "preview"],
  ["__next_preview_data", "preview"],
  ["theme", "unknown"],
  ["lang", "unknown"],
  ["currency", "unknown"],
  ["", "unknown"],
])("%s is %s", (name, group) => {
  expect(groupOf(name, "1")).toBe(group);
});

describe("a site's own lists", () => {
  it.each([
    ["adds a session", { cookies: ["theme"] }, "theme", "session"],
    ["takes a tracker for a session", { cookies: ["_ga"] }, "_ga", "session"],
    ["adds a harmless one", { harmless: ["theme"] }, "theme", "harmless"],
    ["frees a name from a known family", { harmless: ["usersort"] }, "usersort", "harmless"],
    ["keeps the known ones beside its own", { harmless: ["theme"] }, "_ga", "tracker"],
    ["adds a preview", { preview: ["studio"] }, "studio", "preview"],
    ["replaces sessions", { cookies: { only: ["a"] } }, "sid", "unknown"],
    ["replaces what is harmless", { harmless: { only: ["a"] } }, "_ga", "unknown"],
    ["replaces previews", { preview: { only: [] } }, "__prerender_bypass", "unknown"],
    ["means a name with and without its prefix", { harmless: ["__Host-theme"] }, "theme", "harmless"],
  ])("%s", (_, lists, name, group) => {
    expect(cookieGroups(lists)(name, "1")).toBe(group);
  });

  it("that replaces sessions takes no value for one, either", () => {
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-123";
    expect(cookieGroups({ cookies: { only: [] } })("prefs", jwt)).toBe("unknown");
  });
});

describe("cookies that a fetch for the cache takes along", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["nothing where there is nothing", undefined, undefined],
    ["no trackers", "_ga=1; _fbp=2", undefined],
    ["nothing harmless alone", "_ga=1; CookieConsent=yes; AWSALB=x", undefined],
    [
      "consent and stickiness beside what may be a session, but no trackers",
      "_ga=1; AWSALB=x; theme=dark",
      "AWSALB=x; theme=dark",
    ],
    ["all of a session's", "_ga=1; sid=2", "_ga=1; sid=2"],
    ["a list in a consent cookie is one cookie", "cookieyes-consent=consent:yes,analytics:no", undefined],
    ["two lines joined by a comma are two", "_ga=1, sid=2", "_ga=1, sid=2"],
  ])("%s", (_, sent, forwarded) => {
    expect(cookieFacts(sent, groupOf).forwardedCookie).toBe(forwarded);
  });
});
