// Owns visits: a page's text, the browser's own record of where it had something from, and answers made of HTML.
import type { Page } from "playwright-core";
import type { Answer } from "./scripted-origin.ts";

export function html(body: string, cacheControl = "no-store"): Answer {
  return {
    fields: { "content-type": "text/html; charset=utf-8", "cache-control": cacheControl },
    body: `<!doctype html><title>page</title><body>${body}`,
  };
}

/** A script that shows a text in its page; a page with it shows what the script's bytes say, not what its URL does. */
export function script(text: string, fields: Readonly<Record<string, string>>): Answer {
  return {
    fields: { "content-type": "text/javascript", ...fields },
    body: `document.body.append(${JSON.stringify(text)});`,
  };
}

/** The text a page shows once it and all it needs are loaded. */
export async function visit(page: Page, path: string): Promise<string> {
  await page.goto(path);
  return shown(page);
}

export async function reload(page: Page): Promise<string> {
  await page.reload();
  return shown(page);
}

function shown(page: Page): Promise<string> {
  return page.locator("body").innerText();
}

/** The result of the page's own script: the body, or `nothing` where the browser reports a network error. */
export function fetched(page: Page, path: string, cache: RequestCache = "default"): Promise<string> {
  return page.evaluate(
    async ([path, cache]) => {
      const response = await fetch(path, { cache, mode: "same-origin" }).catch(() => undefined);
      return response === undefined ? "nothing" : response.text();
    },
    [path, cache] as const,
  );
}

/** Whether the browser's HTTP cache holds something for `path`, however old: no request leaves the browser. */
export async function holds(page: Page, path: string): Promise<boolean> {
  return (await fetched(page, path, "only-if-cached")) !== "nothing";
}

/** Collects from which of its caches the browser says it answered, path by path. Watching leaves the caches on. */
export async function watchCaches(page: Page): Promise<ReadonlyMap<string, "memory" | "http">> {
  const found = new Map<string, "memory" | "http">();
  const paths = new Map<string, string>();
  const session = await page.context().newCDPSession(page);
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    paths.set(requestId, new URL(request.url).pathname);
  });
  session.on("Network.requestServedFromCache", ({ requestId }) => found.set(paths.get(requestId) ?? "", "memory"));
  session.on("Network.responseReceived", ({ response }) => {
    if (response.fromDiskCache === true) found.set(new URL(response.url).pathname, "http");
  });
  await session.send("Network.enable");
  return found;
}
