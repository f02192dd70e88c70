// Owns the `hono/cache` worker: the framework's own middleware in front of a handler that asks the origin.
import { Hono } from "hono";
import { cache } from "hono/cache";

interface Env {
  readonly Bindings: { readonly ORIGIN: string };
}

const app = new Hono<Env>();

app.get("*", cache({ cacheName: "bench" }), (c) => fetch(c.env.ORIGIN + c.req.path));

export default app;
