// Owns the shop's feature flags: kept in Redis, held in process for a bounded time, and never a reason to fail a request.
import { cacheKey } from "../cache/key.ts";
import type { RedisPort } from "../cache/port.ts";
import { type Flag, isOnFor, parseFlag } from "./definition.ts";

export interface Flags {
  /** Off for an undefined flag. */
  isOn(name: string, subject: string): Promise<boolean>;
  /** By name. */
  all(): Promise<readonly Flag[]>;
  /** Other processes see the change once their copy is too old. Rejects with RedisUnavailable. */
  setFlag(flag: Flag): Promise<void>;
}

interface Parts {
  readonly redis: Pick<RedisPort, "eval">;
  /** In force where Redis has no flag of that name, or has never answered. */
  readonly defaults: readonly Flag[];
  readonly monotonicMs: () => number;
  readonly report: (what: string, error: unknown) => void;
  /** How long a process uses its copy. */
  readonly holdMs?: number;
}

const HOLD_MS = 5_000;
const KEY = cacheKey({ entity: "flags", id: "" });

// KEYS: flags. One hash: name and definition in turn.
const READ_ALL = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
return redis.call('HGETALL', KEYS[1])
`;

// KEYS: flags. ARGV: name, definition.
const WRITE = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
`;

/** A flag that is unreadable, or stored under another name, counts as absent: the default is in force. */
function parseStored(name: unknown, text: unknown): readonly Flag[] {
  try {
    const parsed = parseFlag(JSON.parse(String(text)));
    return parsed.ok && parsed.value.name === name ? [parsed.value] : [];
  } catch {
    return [];
  }
}

interface Held {
  readonly flags: ReadonlyMap<string, Flag>;
  readonly untilMs: number;
}

export function createFlags({ redis, defaults, monotonicMs, report, holdMs = HOLD_MS }: Parts): Flags {
  const byName = (flags: readonly Flag[]) => new Map(flags.map((flag) => [flag.name, flag]));
  let held: Held = { flags: byName(defaults), untilMs: Number.NEGATIVE_INFINITY };
  let reading: Promise<void> | undefined;
  let writes = 0;

  const read = async (): Promise<void> => {
    const [startMs, writesBefore] = [monotonicMs(), writes];
    try {
      const reply = await redis.eval(READ_ALL, [KEY], []);
      const words: readonly unknown[] = Array.isArray(reply) ? reply : [];
      const stored = words.flatMap((name, index) => (index % 2 === 0 ? parseStored(name, words[index + 1]) : []));
      // This read began before a write of this process, and may lack it.
      if (writes !== writesBefore) return;
      held = { flags: byName([...defaults, ...stored]), untilMs: startMs + holdMs };
    } catch (error) {
      report("redis flags", error);
      // The last copy stays in force, and Redis gets a rest.
      held = { flags: held.flags, untilMs: startMs + holdMs };
    }
  };

  const current = async (): Promise<ReadonlyMap<string, Flag>> => {
    if (monotonicMs() >= held.untilMs) {
      const mine = (reading ??= read());
      await mine;
      if (reading === mine) reading = undefined;
    }
    return held.flags;
  };

  return {
    async isOn(name, subject) {
      const flag = (await current()).get(name);
      return flag !== undefined && isOnFor(flag, subject);
    },
    all: async () => [...(await current()).values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    async setFlag(flag) {
      await redis.eval(WRITE, [KEY], [flag.name, JSON.stringify(flag)]);
      writes += 1;
      // Later callers must not join a read that began before the write.
      reading = undefined;
      held = { flags: held.flags, untilMs: Number.NEGATIVE_INFINITY };
    },
  };
}

/** The shop's own flags. */
export const SHOP_FLAGS: readonly Flag[] = [
  { name: "new-deals-badge", rollout: 0, salt: "new-deals-badge", overrides: {} },
];
