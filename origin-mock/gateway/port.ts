// Owns the gateway's Redis port: one atomic step at a time. Rejects with RedisUnavailable, quickly.

export type GatewayRedis = {
  /** Runs a Lua script. Strings in the reply are bytes. */
  run(script: string, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
};

/** Bytes as text; undefined for what is no string. */
export const textOf = (reply: unknown): string | undefined => (Buffer.isBuffer(reply) ? reply.toString() : undefined);
