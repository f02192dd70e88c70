// Owns the pass-through worker: every request goes to the origin, nothing is looked at.

interface Env {
  readonly ORIGIN: string;
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    return fetch(env.ORIGIN + url.pathname + url.search, request);
  },
};
