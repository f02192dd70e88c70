// Owns finding the redis-server program, and installing it where that needs no question.
import { devError } from "./error.ts";
import { installPackages, type Machine, thisMachine } from "./system-packages.ts";

const THREE_WAYS = `no Redis server found, and it cannot be installed from here. Any one of these helps:
  the system's package     sudo apt-get install redis-server   or   brew install redis
  a container              docker run -d -p 6379:6379 redis   and then   REDIS_URL=redis://127.0.0.1:6379
  a server you have        REDIS_URL=redis://HOST:PORT`;

/** Finds `redis-server`, or installs it (apt as root, Homebrew); rejects with one message that names three ways. */
export async function ensureRedisServerBinary(machine: Machine = thisMachine()): Promise<string> {
  const found = machine.find("redis-server");
  if (found !== undefined) return found;
  const why = await installPackages(machine, { apt: ["redis-server"], brew: ["redis"] });
  const installed = machine.find("redis-server");
  if (installed !== undefined) return installed;
  throw devError("RedisMissingError", why === undefined ? THREE_WAYS : `${THREE_WAYS}\n${why}`);
}
