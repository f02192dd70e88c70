// Owns a worker that shows what edges share: a module counter, a colo cache, KV and the log.
import { DurableObject } from "cloudflare:workers";
import site from "../../../strata.config.ts";

let requests = 0;

export class PurgeLog extends DurableObject {
  append(): number {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS rows (at INTEGER)");
    sql.exec("INSERT INTO rows VALUES (1)");
    return Number(sql.exec("SELECT count(*) AS n FROM rows").one()["n"]);
  }
}

/** wrangler.toml binds it. */
export class Leases extends DurableObject {}

interface Env {
  readonly STRATA_KV: KVNamespace;
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
  readonly STRATA_COLO: string;
  readonly STRATA_ORIGIN?: string;
  readonly STRATA_TOKEN: string;
  readonly STRATA_ENV: string;
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    requests += 1;
    const colo = await caches.open(env.STRATA_COLO);
    const key = "http://cache.test/key";
    if (pathname === "/fill") {
      await colo.put(key, new Response("cached", { headers: { "cache-control": "max-age=600" } }));
      await env.STRATA_KV.put("key", "kept");
    }
    if (pathname === "/say") console.log("said", { at: pathname });
    return Response.json({
      requests,
      colo: env.STRATA_COLO,
      origin: env.STRATA_ORIGIN ?? null,
      token: env.STRATA_TOKEN,
      env: env.STRATA_ENV,
      site,
      cached: (await (await colo.match(key))?.text()) ?? null,
      kv: await env.STRATA_KV.get("key"),
      log: pathname === "/append" ? await env.STRATA_PURGE_LOG.getByName("log").append() : null,
    });
  },
} satisfies ExportedHandler<Env>;
