// Owns the HTML shell: always revalidated, seldom sent again. Its language follows the reader, its page size the device.
import { Hono } from "hono";
import type { Assets } from "../assets.ts";
import { localeOf } from "../http/locale.ts";
import type { Locale } from "../catalogue/locale.ts";
import { POLICY } from "../http/policy.ts";
import { contentETag, respond } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  // Makes a script that inserts data as markup throw instead of running it.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/**
 * Announces the page's files before its first byte is read: browsers begin at once, and an edge may send them as 103.
 */
function preloads(manifest: Assets["manifest"]): string {
  return [...manifest]
    .flatMap(([name, hashed]) => {
      if (name.endsWith(".css")) return [`</static/${hashed}>; rel=preload; as=style`];
      return name.endsWith(".js") ? [`</static/${hashed}>; rel=modulepreload`] : [];
    })
    .join(", ");
}

interface Page {
  readonly body: string;
  readonly etag: string;
}

export function homeRoutes({ shell, manifest }: Pick<Assets, "shell" | "manifest">) {
  const routes = new Hono<ShopEnv>();
  const page = (locale: Locale, mobile: boolean): Page => {
    const body = shell({ locale, mobile });
    return { body, etag: contentETag(body) };
  };
  const both = (locale: Locale) => ({ mobile: page(locale, true), desktop: page(locale, false) });
  const pages = { en: both("en"), de: both("de"), fr: both("fr") } as const satisfies Record<Locale, unknown>;
  const fields = {
    ...POLICY.shell,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    // A low-entropy hint, which supporting browsers send over https. Naming it keeps it coming.
    "Accept-CH": "Sec-CH-UA-Mobile",
    Link: preloads(manifest),
    "Cache-Tag": "home",
  };
  routes.get("/", (c) => {
    const locale = localeOf(c.req.header("Accept-Language"));
    const device = c.req.header("Sec-CH-UA-Mobile") === "?1" ? "mobile" : "desktop";
    const { body, etag } = pages[locale][device];
    return respond(c, {
      body,
      contentType: "text/html; charset=utf-8",
      language: locale,
      validators: { etag },
      headers: fields,
    });
  });
  return routes;
}
