// Owns a purge log for one test in workerd: it reads the log's answers and counts its rows.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { PurgeMode, PurgeOrder, PurgeOutcome } from "../../src/http/targets/purge-order.ts";
import type { Target } from "../../src/http/targets/target.ts";
import { type PurgeAnswer, type PurgeCommand, PurgeLog } from "../../src/purge/log/log.ts";
import type { Cursor, Delta } from "../../src/purge/wire/records.ts";
import type { SnapshotStore } from "../../src/purge/log/snapshot.ts";
import { decodeDelta } from "../../src/purge/wire/delta-codec.ts";

export type Log = DurableObjectStub<PurgeLog>;

let counter = 0;
export function newLog(): Log {
  counter += 1;
  return env.STRATA_PURGE_LOG.getByName(`log-${crypto.randomUUID()}-${String(counter)}`);
}

export const tag = (value: string): Target => ({ kind: "tag", value });

export function orderOf(
  targets: readonly Target[],
  mode: PurgeMode = "hard",
  more: Partial<PurgeOrder> = {},
): PurgeOrder {
  return { targets, mode, actor: "test", asked: targets.map(({ value }) => value), ...more };
}

export function read(bytes: Uint8Array): Delta {
  const delta = decodeDelta(bytes);
  if (!delta) throw new Error("not a delta");
  return delta;
}

export async function since(log: Log, cursor?: Cursor): Promise<Delta> {
  return read(await log.since(cursor));
}

export interface Purged {
  readonly seq: number;
  readonly outcome: PurgeOutcome;
  readonly delta: Delta;
}

/** The object, or a stub of it. */
interface TakesPurges {
  purge(command: PurgeCommand): Promise<PurgeAnswer>;
}

/** `seq`: 0 where nothing was purged. */
export async function purge(
  log: TakesPurges,
  targets: readonly (Target | string)[],
  mode: PurgeMode = "hard",
  cursor?: Cursor,
  more: Partial<PurgeOrder> = {},
): Promise<Purged> {
  const order = orderOf(
    targets.map((each) => (typeof each === "string" ? tag(each) : each)),
    mode,
    more,
  );
  const { outcome, delta } = await log.purge({ order, since: cursor });
  return { outcome, seq: outcome.kind === "purged" ? outcome.seq : 0, delta: read(delta) };
}

export function rows(log: Log, table = "target"): Promise<number> {
  return sql(log, (storage) => storage.exec(`SELECT * FROM ${table}`).toArray().length);
}

export function sql<T>(log: Log, run: (sql: SqlStorage) => T): Promise<T> {
  return runInDurableObject(log, (_, state) => run(state.storage.sql));
}

/** Over the same storage: an instance with other bindings. The object's own is not to be used afterwards: it has counted before. */
export function withBindings<T>(
  log: Log,
  bindings: { readonly STRATA_KV?: SnapshotStore; readonly STRATA_PURGE_TARGETS?: string },
  run: (instance: PurgeLog, state: DurableObjectState) => Promise<T>,
): Promise<T> {
  return runInDurableObject(log, (_, state) => run(new PurgeLog(state, bindings), state));
}
