// Owns Strata's own edge for the rows of purges: two tags by rule, a log that says how many rows it has, and hits' checks by the thousand.
import { type Target, type TargetHash, targetHash } from "../../src/http/targets/target.ts";
import { defineSite } from "../../src/index.ts";
import { PurgeLog as Log } from "../../src/purge/log/log.ts";
import { type Delta, NO_FLOOR } from "../../src/purge/wire/records.ts";
import { purgeReplica } from "../../src/purge/reader/replica.ts";
import { strata } from "../../src/strata.ts";
import { emptyTiers } from "./empty-tiers.ts";

export { Leases } from "../../src/worker.ts";

emptyTiers();

const site = defineSite({
  rules: [
    { match: "/json/256/0/day/many/*", tags: ["held-by-many"], global: false },
    { match: "/json/256/0/day/one/*", tags: ["held-by-one"], global: false },
  ],
});

export class PurgeLog extends Log {
  rows(): number {
    return this.ctx.storage.sql.exec<{ rows: number }>("SELECT COUNT(*) AS rows FROM target").one().rows;
  }

  /** As if so many tags had been purged. The object then wakes anew, since it counts its rows when it does. */
  async fill(rows: number): Promise<void> {
    const { sql } = this.ctx.storage;
    const { seq } = sql.exec<{ seq: number }>("SELECT seq FROM log").one();
    sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT OR REPLACE INTO target SELECT printf('%016x', i), 0, 0, ? + i, 0, 0, 0, ? + i, ? FROM n`,
      rows,
      seq,
      seq,
      Date.now(),
    );
    sql.exec("UPDATE log SET seq = seq + ?", rows);
    await this.ctx.storage.sync();
    this.ctx.abort("filled");
  }
}

// room for 100,000 objects, more than the platform gives an isolate
const app = strata({ ...site, memory: { ...site.memory, bytes: 512 * 2 ** 20 } });

const RECORDS = 100_000;
const LOCATION = { scheme: "https", host: "shop.test", path: "/products/lamp-7", query: "?size=2" } as const;

/** A hundredth of them prefixes of twenty lengths. */
function fullLog(): Delta {
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const target: Target =
      i % 100 === 0
        ? { kind: "prefix", value: String(i).padEnd(6 + ((i / 100) % 20), "/") }
        : { kind: "tag", value: `purged-${String(i)}` };
    const prefixLength = target.kind === "prefix" ? target.value.length : 0;
    return { target: targetHash(target), prefixLength, hardSeq: i + 1, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };
  });
  return { incarnation: "bench", seq: RECORDS, from: 0, floor: NO_FLOOR, records, browsers: [] };
}

const replica = purgeReplica({
  now: () => 0,
  timeout: () => ({ passed: new Promise(() => undefined), cancel: () => undefined }),
  random: () => 0,
  waitMs: 0,
  report: () => undefined,
});

/** So many checks of responses with so many tags, none of them purged. No clock runs in here: the caller has one. */
function check(checks: number, tags: number): void {
  if (!replica.fence()) replica.apply({ delta: fullLog(), sentAtMs: 0 });
  const fence = { incarnation: "bench", seq: 0 };
  const responses = Array.from({ length: 256 }, (_, i) => {
    const tagged = (n: number): TargetHash => targetHash({ kind: "tag", value: `tag-${String(i * tags + n)}` });
    return { targets: Array.from({ length: tags }, (__, n) => tagged(n)), fence };
  });
  for (let i = 0; i < checks; i++) {
    const response = responses[i % responses.length];
    if (response && replica.stateOf(response, LOCATION).state !== "clear") throw new Error("purged by nothing");
  }
}

interface Bindings {
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
}

export default {
  async fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name: string): number => Number(searchParams.get(name));
    const log = env.STRATA_PURGE_LOG.getByName("log");
    switch (pathname) {
      case "/bench/rows":
        return new Response(String(await log.rows()));
      case "/bench/fill":
        // the call ends with the object
        await log.fill(number("rows")).catch(() => undefined);
        return new Response();
      case "/bench/check":
        check(number("checks"), number("tags"));
        return new Response();
      default:
        return app.fetch(request, env, context);
    }
  },
};
