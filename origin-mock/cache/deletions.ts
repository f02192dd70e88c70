// Owns the deletions Redis owes: asked for, not yet confirmed.
import type { RedisPort } from "./port.ts";

export type Deletions = {
  add(keys: readonly string[]): void;
  /** Resolves once Redis has confirmed everything added before the call. */
  flush(): Promise<void>;
};

// While any is left this process reads the database only, so it never serves what it knows to be old; other processes,
// or this one after a crash, are bounded by the entries' lifetime.
export const createDeletions = (redis: Pick<RedisPort, "del">): Deletions => {
  const unconfirmed = new Map<string, number>();
  let additions = 0;
  return {
    add(keys) {
      additions += 1;
      for (const key of keys) unconfirmed.set(key, additions);
    },
    async flush() {
      if (unconfirmed.size === 0) return;
      const pending = [...unconfirmed];
      await redis.del(pending.map(([key]) => key));
      // A key added again meanwhile stays: this confirmation may be older than its second update.
      for (const [key, addition] of pending) if (unconfirmed.get(key) === addition) unconfirmed.delete(key);
    },
  };
};
