// Owns the raw Cache API worker: match and return, put on a miss, as the platform's own examples do.

interface Env {
  readonly ORIGIN: string;
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const held = await caches.default.match(request);
    if (held) return held;
    const url = new URL(request.url);
    const response = await fetch(env.ORIGIN + url.pathname + url.search, request);
    context.waitUntil(caches.default.put(request, response.clone()));
    return response;
  },
};
