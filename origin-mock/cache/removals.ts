// Owns the removals of the application cache: their names, and their messages to Redis.
import { createOwed, type Owed } from "../redis/owed.ts";
import type { CacheAddress, CacheKeyBuilder, Entity } from "./key.ts";
import type { RedisPort } from "./port.ts";
import { REMOVE } from "./scripts.ts";

export type Target =
  | { readonly kind: "address"; readonly address: CacheAddress }
  | { readonly kind: "entity"; readonly entity: Entity }
  | { readonly kind: "everything" }
  /**
   * Everything, but only if Redis is another server now: a restored or promoted one may lack what the old one
   * confirmed.
   */
  | { readonly kind: "other-server" };

/** "deferred" is remembered but not done, so other processes may still read the old value. */
export type Removal =
  | { readonly status: "done"; readonly keys: number }
  | { readonly status: "deferred"; readonly keys: number; readonly reason: string };

export type Removals = Owed<Target>;

const MOST_OWED = 1_000;

function nameOf(target: Target, keys: CacheKeyBuilder): string {
  switch (target.kind) {
    case "address":
      return `address ${keys.suffix(target.address)}`;
    case "entity":
      return `entity ${target.entity}`;
    case "everything":
    case "other-server":
      return target.kind;
  }
}

function argumentsOf(targets: readonly Target[], keys: CacheKeyBuilder): readonly string[] {
  const has = (wanted: Target["kind"]): boolean => targets.some(({ kind }) => kind === wanted);
  const sweep = has("everything") ? "everything" : has("other-server") ? "other-server" : "none";
  const entities = targets.flatMap((target) => (target.kind === "entity" ? [target.entity] : []));
  const suffixes = targets.flatMap((target) => (target.kind === "address" ? [keys.suffix(target.address)] : []));
  const start = [keys.prefix, String(keys.version), sweep];
  return [...start, String(entities.length), ...entities, ...suffixes];
}

export function createRemovals(redis: Pick<RedisPort, "eval">, keys: CacheKeyBuilder): Removals {
  return createOwed<Target>({
    send: (targets) => redis.eval(REMOVE, [keys.incarnations], argumentsOf(targets, keys)),
    nameOf: (target) => nameOf(target, keys),
    most: MOST_OWED,
    instead: { kind: "everything" },
  });
}
