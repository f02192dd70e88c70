// Owns the gateway's way to Redis: its port over the shop's connection.
import { RESP_TYPES } from "redis";
import type { RedisConnection } from "../redis/connection.ts";
import type { GatewayRedis } from "./port.ts";

export function gatewayCommands({ run }: Pick<RedisConnection, "run">): GatewayRedis {
  return {
    run: (script, keys, args) =>
      run((client) =>
        // As bytes, because a body need not be text.
        client
          .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
          .eval(script, { keys: [...keys], arguments: [...args] }),
      ),
  };
}
