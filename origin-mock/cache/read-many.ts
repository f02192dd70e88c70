// Owns the read of many entries of one entity: one round trip for what is there, one load for the rest, one to fill.
import type { Entries, Found, Settlement } from "./entries.ts";
import type { Entity } from "./key.ts";
import type { CacheOutcome } from "./read-one.ts";
import type { Keeping, Verdicts } from "./verdict.ts";

export type ManyQuery<T> = Omit<Keeping<T>, "keep"> & {
  readonly entity: Entity;
  readonly ids: readonly string[];
  readonly variant: string;
  readonly parse: (value: unknown) => T | undefined;
  /** By id. An absent id does not exist. */
  readonly load: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>;
};
export interface ManyReading<T> {
  readonly values: ReadonlyMap<string, T>;
  /** `miss` if any was loaded. */
  readonly outcome: CacheOutcome;
  readonly hits: number;
  readonly cacheMs: number;
  /** Undefined when the database was not asked. */
  readonly databaseMs: number | undefined;
}

interface Parts {
  readonly entries: Entries;
  readonly verdicts: Verdicts;
  readonly monotonicMs: () => number;
}

function placeOf({ entity, variant }: ManyQuery<unknown>, id: string) {
  return { address: { entity, id }, variant };
}

/** Takes no leases, because one load of many would have to wait for as many others. */
export function createReadMany({ entries, verdicts, monotonicMs }: Parts) {
  const settlementOf = <T>(query: ManyQuery<T>, id: string, found: Found<T> | undefined, value: T | undefined) => {
    if (found?.status !== "lend") return [];
    const verdict = verdicts.of(value, query);
    const settlement: Settlement = {
      ...placeOf(query, id),
      generation: found.generation,
      token: undefined,
      verdict,
    };
    return verdict.what === "unshared" ? [] : [settlement];
  };

  return async <T>(query: ManyQuery<T>): Promise<ManyReading<T>> => {
    const ids = [...new Set(query.ids)];
    if (ids.length === 0) return { values: new Map(), outcome: "hit", hits: 0, cacheMs: 0, databaseMs: undefined };
    const startMs = monotonicMs();
    const places = ids.map((id) => placeOf(query, id));
    const found = await entries.look(places, "look", query.parse);
    const values = new Map<string, T>();
    const missing = new Map<string, Found<T> | undefined>();
    for (const [index, id] of ids.entries()) {
      const one = found?.[index];
      if (one?.status === "value") values.set(id, one.value);
      else if (one?.status !== "none") missing.set(id, one);
    }
    const hits = ids.length - missing.size;
    const lookedMs = monotonicMs();
    if (missing.size === 0) return { values, outcome: "hit", hits, cacheMs: lookedMs - startMs, databaseMs: undefined };

    const loaded = await query.load([...missing.keys()]);
    const loadedMs = monotonicMs();
    for (const id of missing.keys()) {
      const value = loaded.get(id);
      if (value !== undefined) values.set(id, value);
    }
    const settlements = [...missing].flatMap(([id, one]) => settlementOf(query, id, one, loaded.get(id)));
    if (settlements.length > 0) await entries.settle(settlements);
    const databaseMs = loadedMs - lookedMs;
    const cacheMs = monotonicMs() - startMs - databaseMs;
    return { values, outcome: found === undefined ? "bypass" : "miss", hits, cacheMs, databaseMs };
  };
}
