// Owns the proof that the sessions of common frameworks are known by default, and common other cookies are not.
import { expect, it } from "vitest";
import { defineSite } from "../../src/policy/define.ts";

const { isSessionCookie } = defineSite({});

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
])("%s: %s", (_, name) => {
  expect(isSessionCookie(name)).toBe(true);
});

it.each([
  "_ga",
  "_gid",
  "_fbp",
  "theme",
  "lang",
  "locale",
  "cookieconsent",
  "__cf_bm",
  "cf_clearance",
  "XSRF-TOKEN",
  "ab",
])("%s is no session", (name) => {
  expect(isSessionCookie(name)).toBe(false);
});
