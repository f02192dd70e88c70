// Owns the gateway's Redis port: one atomic step at a time. Rejects with RedisUnavailable, quickly.

export interface GatewayRedis {
  /** Runs a Lua script. Strings in the reply are bytes. */
  run(script: string, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
}

/** Bytes as text. Undefined for anything but a string. */
export function textOf(reply: unknown): string | undefined {
  return Buffer.isBuffer(reply) ? reply.toString() : undefined;
}
