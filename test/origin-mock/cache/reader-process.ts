// Owns a process that reads one entry when told: says `ready`, `loading` if it has to load, and what it got from whom.
// Arguments: Redis's URL, milliseconds a lease lives. Hears `read`, and `end` to end its load.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import { cacheOver, query, quiet } from "../support/cache-scene.ts";

const [url = "", leaseMs = ""] = process.argv.slice(2);
const say = (words: string): void => void process.stdout.write(`${words}\n`);

const connection = await openRedis(url, { ready: quiet, error: quiet });
const cache = cacheOver(cacheCommands(connection), { leaseMs: Number(leaseMs), patienceMs: 20_000 });
const ears = createInterface({ input: process.stdin });

const load = async (): Promise<string> => {
  say("loading");
  await once(ears, "line");
  return `from ${process.pid}`;
};

say("ready");
await once(ears, "line");
const { value, outcome } = await cache.read(query(load));
say(`${outcome} ${value}`);
await connection.close();
ears.close();
