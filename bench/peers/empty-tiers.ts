// Owns an isolate without anything below its memory: an empty Cache API, and an origin inside.
import { bodyOf, CACHE_CONTROL, resourceAt } from "../origin/body.ts";

const emptyCache = {
  match: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
  delete: () => Promise.resolve(false),
};

function answerOf(request: Request): Response {
  const resource = resourceAt(new URL(request.url).pathname);
  if (!resource) return new Response("", { status: 404 });
  return new Response(bodyOf(resource), {
    headers: { "content-type": "application/json", "cache-control": CACHE_CONTROL[resource.policy], etag: '"a"' },
  });
}

/** From now on; code that runs at import must not have needed them. */
export function emptyTiers(): void {
  Object.defineProperty(globalThis, "caches", { value: { open: () => Promise.resolve(emptyCache) } });
  Object.defineProperty(globalThis, "fetch", { value: (request: Request) => Promise.resolve(answerOf(request)) });
}
