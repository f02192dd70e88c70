// Owns the removals Redis owes: asked for, not yet confirmed.
import type { CacheAddress, CacheKeyBuilder, Entity } from "./key.ts";
import type { RedisPort } from "./port.ts";
import { REMOVE } from "./scripts.ts";

export type Target =
  | { readonly kind: "address"; readonly address: CacheAddress }
  | { readonly kind: "entity"; readonly entity: Entity }
  | { readonly kind: "everything" }
  /** Everything, if Redis is another server than it was: one that was restored, or took over, may know less than it said. */
  | { readonly kind: "other-server" };

export type Removals = {
  add(targets: readonly Target[]): void;
  /** Resolves once Redis has confirmed everything added before the call. */
  flush(): Promise<void>;
};

// Redis may be away for hours: what is owed then is everything, not a list without end.
const MOST_OWED = 1_000;

const nameOf = (target: Target, keys: CacheKeyBuilder): string => {
  switch (target.kind) {
    case "address":
      return `address ${keys.suffix(target.address)}`;
    case "entity":
      return `entity ${target.entity}`;
    case "everything":
    case "other-server":
      return target.kind;
  }
};

const argumentsOf = (targets: readonly Target[], keys: CacheKeyBuilder): readonly string[] => {
  const has = (wanted: Target["kind"]): boolean => targets.some(({ kind }) => kind === wanted);
  const sweep = has("everything") ? "everything" : has("other-server") ? "other-server" : "none";
  const entities = targets.flatMap((target) => (target.kind === "entity" ? [target.entity] : []));
  const suffixes = targets.flatMap((target) => (target.kind === "address" ? [keys.suffix(target.address)] : []));
  const start = [keys.prefix, String(keys.version), sweep];
  return [...start, String(entities.length), ...entities, ...suffixes];
};

// While any is left this process reads the database only, so it never serves what it knows to be old; other processes,
// or this one after a crash, are bounded by the entries' lifetime.
export const createRemovals = (redis: Pick<RedisPort, "eval">, keys: CacheKeyBuilder): Removals => {
  const owed = new Map<string, { readonly target: Target; readonly addition: number }>();
  let additions = 0;
  return {
    add(targets) {
      additions += 1;
      for (const target of targets) owed.set(nameOf(target, keys), { target, addition: additions });
      if (owed.size <= MOST_OWED) return;
      owed.clear();
      const target: Target = { kind: "everything" };
      owed.set(nameOf(target, keys), { target, addition: additions });
    },
    async flush() {
      if (owed.size === 0) return;
      const pending = [...owed];
      const targets = pending.map(([, { target }]) => target);
      await redis.eval(REMOVE, [keys.incarnations], argumentsOf(targets, keys));
      // What was added again meanwhile stays: this confirmation may be older than its second update.
      for (const [name, { addition }] of pending) if (owed.get(name)?.addition === addition) owed.delete(name);
    },
  };
};
