// Owns a real Redis with a connection to it, and what tests ask and plant there, for one test file.
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTestRedis } from "./redis.ts";
import type { TestRedis } from "./redis.ts";

export type RedisRoom = {
  readonly server: TestRedis;
  /** Patient: tests of behaviour are no tests of this machine's speed. */
  readonly redis: RedisPort;
  /** With the deadline that the shop has. */
  readonly hasty: RedisPort;
  /** Any command, as in redis-cli. */
  command(...words: readonly string[]): Promise<unknown>;
  /** Another connection to the same server, as of another process. */
  another(): Promise<RedisPort>;
  /** Stops the server, starts an empty one, and waits until the first connection is good again. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

const PATIENCE_MS = 10_000;
const patient = (connection: Pick<RedisConnection, "run">): RedisPort =>
  cacheCommands({ run: (work) => connection.run(work, PATIENCE_MS) });
const quiet = (): void => undefined;

export const openRedisRoom = async (): Promise<RedisRoom> => {
  const server = await createTestRedis();
  let ready = Promise.withResolvers<void>();
  const connection = await openRedis(server.url, { ready: () => ready.resolve(), error: quiet });
  const others: RedisConnection[] = [];
  return {
    server,
    redis: patient(connection),
    hasty: cacheCommands(connection),
    command: (...words) => connection.run((client) => client.sendCommand([...words]), PATIENCE_MS),
    async another() {
      const other = await openRedis(server.url, { ready: quiet, error: quiet });
      others.push(other);
      return patient(other);
    },
    async restart() {
      await server.stop();
      ready = Promise.withResolvers();
      await server.start();
      await ready.promise;
    },
    async close() {
      await Promise.all([connection, ...others].map((each) => each.close()));
      await server.remove();
    },
  };
};
