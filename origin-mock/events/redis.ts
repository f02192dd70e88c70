// Owns the Redis side of events: the stream with its group, and the lease of the one active consumer.
import type { RedisConnection } from "../redis/connection.ts";
import type { Announcement, Delivery, EventStream, LeasePort } from "./port.ts";
import { ACKNOWLEDGE, OPEN, PUBLISH, RELEASE, TAKE, TIDY } from "./scripts.ts";

// One hash tag keeps the keys together in a cluster, as the scripts need. The keys have no version, because waiting
// events must survive a release.
export const STREAM_KEY = "{shop:events}:stream";
const INDEX_KEY = "{shop:events}:index";
const LEASE_KEY = "{shop:events}:lease";
const GROUP = "invalidation";
const BOTH = [STREAM_KEY, INDEX_KEY];

const CLAIM_COUNT = 500;
const SILENCE_MS = 60 * 60_000;
/** Added to the wait that Redis was asked for. */
const ANSWER_MS = 500;

interface Message {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

function delivery({ id, message }: Message): Delivery {
  const { event: eventId, entity } = message;
  return { entryId: id, announcement: eventId === undefined || entity === undefined ? undefined : { eventId, entity } };
}

type Run = Pick<RedisConnection, "run">;

function evaluate({ run }: Run, script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  return run((client) => client.eval(script, { keys: [...keys], arguments: [...args] }));
}

async function claimAll({ run }: Run, consumer: string): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  let from = "0-0";
  do {
    const start = from;
    const page = await run((client) =>
      client.xAutoClaim(STREAM_KEY, GROUP, consumer, 0, start, { COUNT: CLAIM_COUNT }),
    );
    // Before Redis 7, deleted entries come as null.
    for (const message of page.messages) if (message !== null) deliveries.push(delivery(message));
    from = String(page.nextId);
  } while (from !== "0-0");
  return deliveries;
}

interface Connections {
  readonly connection: Run;
  /** A connection of its own, because a blocking read delays every other command on it. */
  readonly blocking: Run;
  readonly newId: () => string;
}

export function eventStream({ connection, blocking, newId }: Connections): EventStream {
  return {
    open: async () => String(await evaluate(connection, OPEN, BOTH, [GROUP, newId()])),
    async publish(incarnation, announcements) {
      const pairs = announcements.flatMap(({ eventId, entity }: Announcement) => [eventId, entity]);
      return (await evaluate(connection, PUBLISH, BOTH, [incarnation, ...pairs])) === 1;
    },
    async claim(consumer) {
      const deliveries = await claimAll(connection, consumer);
      await evaluate(connection, TIDY, [STREAM_KEY], [GROUP, String(SILENCE_MS)]);
      return deliveries;
    },
    async read(consumer, count, blockMs) {
      const wait = blockMs > 0 ? { BLOCK: Math.ceil(blockMs) } : {};
      const streams = await blocking.run(
        (client) => client.xReadGroup(GROUP, consumer, { key: STREAM_KEY, id: ">" }, { COUNT: count, ...wait }),
        blockMs + ANSWER_MS,
      );
      return (streams ?? []).flatMap(({ messages }) => messages.map(delivery));
    },
    async acknowledge(deliveries) {
      if (deliveries.length === 0) return;
      const pairs = deliveries.flatMap(({ entryId, announcement }) => [entryId, announcement?.eventId ?? ""]);
      await evaluate(connection, ACKNOWLEDGE, BOTH, [GROUP, ...pairs]);
    },
  };
}

export function leaseIn(connection: Run): LeasePort {
  return {
    take: async (holder, forMs) => (await evaluate(connection, TAKE, [LEASE_KEY], [holder, String(forMs)])) === 1,
    async release(holder) {
      await evaluate(connection, RELEASE, [LEASE_KEY], [holder]);
    },
  };
}
