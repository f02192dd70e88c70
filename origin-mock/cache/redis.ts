// Owns the application cache's way to Redis: its port over the shop's connection.
import type { RedisConnection } from "../redis/connection.ts";
import type { RedisPort } from "./port.ts";

export const cacheCommands = ({ run }: Pick<RedisConnection, "run">): RedisPort => ({
  eval: (script, keys, args) => run((client) => client.eval(script, { keys: [...keys], arguments: [...args] })),
  async del(keys) {
    await run((client) => client.del([...keys]));
  },
  getAndTouch: async (key, ttlMs) =>
    (await run((client) => client.getEx(key, { type: "PX", value: ttlMs }))) ?? undefined,
  async set(key, value, ttlMs) {
    await run((client) => client.set(key, value, { expiration: { type: "PX", value: ttlMs } }));
  },
});
