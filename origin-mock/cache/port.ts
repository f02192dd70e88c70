// Owns the Redis port: scripts, the one command the shop's caches and records call. Rejects with RedisUnavailable, quickly.

export interface RedisPort {
  /** Runs a Lua script, atomically. */
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}
