// Owns an edge that can be cut off: from the purge log, from KV and from its Cache API, until it is healed; and a log that restarts or loses its storage.
import configured from "../../../strata.config.ts";
import { requireSite } from "../../../src/policy/define.ts";
import { PurgeLog as Log } from "../../../src/purge/log/log.ts";
import { SNAPSHOT_KEY } from "../../../src/purge/wire/snapshot-key.ts";
import { decodeDelta } from "../../../src/purge/wire/delta-codec.ts";
import { boundedStrata } from "../../../src/strata.ts";
import { bounds } from "./chosen-bounds.ts";

export { Leases } from "../../../src/leases/leases.ts";

export class PurgeLog extends Log {
  restart(): void {
    this.ctx.abort("restarted");
  }

  async lose(): Promise<void> {
    await this.ctx.storage.deleteAll();
    await this.ctx.storage.sync();
    this.ctx.abort("its storage is lost");
  }
}

interface Env {
  readonly STRATA_KV: KVNamespace;
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
}

/** "late": requests arrive at once, and answers only after the healing. */
type Manner = "up" | "refuses" | "hangs" | "late";
type Part = "log" | "kv" | "cache";

const manners: Record<Part, Manner> = { log: "up", kv: "up", cache: "up" };
/** How many questions to the log are held up. */
let held = 0;
/** How often the colo's copy of the log was filed. */
let filed = 0;

/** Looks now and then, with a timer of its own request: nothing is handed from one request to another. */
async function healed(part: Part, from: Manner): Promise<void> {
  held += 1;
  while (manners[part] === from) await scheduler.wait(5);
  held -= 1;
}

async function through(part: Part, call: () => unknown): Promise<unknown> {
  const manner = manners[part];
  if (manner === "refuses") throw new Error(`${part}: cut off`);
  if (manner === "hangs") {
    await healed(part, "hangs");
    throw new Error(`${part}: the connection broke`);
  }
  const answer = await call();
  if (manner === "late") await healed(part, "late");
  return answer;
}

function gated<T extends object>(part: Part, target: T): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const answer = await through(part, (): unknown => Reflect.apply(member, target, args));
        const [request] = args;
        if (name === "put" && request instanceof Request && request.url.endsWith("/tail")) filed += 1;
        return answer;
      };
    },
  });
}

const real = caches;
Object.defineProperty(globalThis, "caches", {
  value: { open: async (name: string) => gated("cache", await real.open(name)) },
});

const app = boundedStrata(requireSite(configured), bounds);
let bound: object | undefined;

function bindings(env: Env): object {
  const log = env.STRATA_PURGE_LOG;
  bound ??= {
    ...env,
    STRATA_KV: gated("kv", env.STRATA_KV),
    STRATA_PURGE_LOG: {
      getByName: (name: string) => gated("log", log.getByName(name)),
      idFromName: (name: string) => log.idFromName(name),
    },
  };
  return bound;
}

async function control(what: string, env: Env, request: Request): Promise<unknown> {
  const log = env.STRATA_PURGE_LOG.getByName("log");
  switch (what) {
    case "parts":
      Object.assign(manners, await request.json());
      return manners;
    case "held":
      return held;
    case "filed":
      return filed;
    case "snapshot": {
      const bytes = await env.STRATA_KV.get(SNAPSHOT_KEY, "arrayBuffer");
      return (bytes && decodeDelta(new Uint8Array(bytes))?.seq) ?? 0;
    }
    case "restart":
    case "lose":
      // the call ends with the object
      return log[what]().catch(() => null);
    default:
      throw new Error(`no such control: ${what}`);
  }
}

export default {
  async fetch(request, env, context) {
    const [, what] = /^\/test\/(\w+)$/.exec(new URL(request.url).pathname) ?? [];
    if (what !== undefined) return Response.json((await control(what, env, request)) ?? null);
    return app.fetch(request, bindings(env), context);
  },
} satisfies ExportedHandler<Env>;
