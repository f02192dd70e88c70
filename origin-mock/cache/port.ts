// Owns the Redis port: the few commands the shop calls. Every method rejects with RedisUnavailable, quickly.

export type RedisPort = {
  /** Runs a Lua script, atomically. */
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Deletes keys; resolves once Redis has confirmed it. */
  del(keys: readonly string[]): Promise<void>;
  /** Reads a value and lets it live `ttlMs` from now. */
  getAndTouch(key: string, ttlMs: number): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
};
