// Owns the Redis connection: the official client, with a deadline on every command.
import { createClient } from "redis";
import { messageOf, shopError } from "../error.ts";
import { createBreaker } from "./breaker.ts";

const CONNECT_TIMEOUT_MS = 500;
const COMMAND_TIMEOUT_MS = 250;
const LONGEST_RECONNECT_MS = 1_000;
const TIMER_PRECISION_MS = 20;
/** How long a server is left alone after a timeout. */
const REST_MS = 1_000;

function clientFor(url: string) {
  return createClient({
    url,
    // Commands fail at once while disconnected instead of waiting for the connection.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_RECONNECT_MS),
    },
  });
}
export type RedisClient = ReturnType<typeof clientFor>;

export interface RedisConnection {
  /**
   * Rejects with RedisUnavailable when the work fails or takes longer than `withinMs` (default 250 ms). After a
   * timeout it rejects at once for a second.
   */
  run<T>(work: (client: RedisClient) => Promise<T>, withinMs?: number): Promise<T>;
  close(): Promise<void>;
}

// The client's own timeout covers only writing a command. This one covers a server that accepts it and never answers.
async function withDeadline<T>(answer: Promise<T>, withinMs: number, onTimeout: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let verdict: NodeJS.Immediate | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const giveUp = (): void => {
      onTimeout();
      reject(new Error(`no answer within ${withinMs} ms`));
    };
    // Sockets are read between a timer and an immediate, so an answer that has arrived is not counted as late.
    const conclude = (): void => {
      verdict = setImmediate(giveUp);
    };
    const dueMs = performance.now() + withinMs;
    timer = setTimeout(() => {
      // This process was busy for so long, and could not receive an answer.
      const busyMs = performance.now() - dueMs;
      if (busyMs < TIMER_PRECISION_MS) conclude();
      else timer = setTimeout(conclude, Math.min(busyMs, withinMs));
    }, withinMs);
  });
  try {
    return await Promise.race([answer, deadline]);
  } catch (error) {
    throw shopError("RedisUnavailable", messageOf(error), error);
  } finally {
    clearTimeout(timer);
    clearImmediate(verdict);
  }
}

/** Waits a moment for the server, then continues without it: without Redis the shop is slower, not closed. */
export async function openRedis(
  url: string,
  on: { readonly ready: () => void; readonly error: (error: Error) => void },
): Promise<RedisConnection> {
  const client = clientFor(url);
  const breaker = createBreaker(() => performance.now(), REST_MS);
  client.on("error", on.error);
  client.on("ready", () => {
    // A new connection may reach another server.
    breaker.answered();
    on.ready();
  });
  const connected = client.connect().catch(on.error);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CONNECT_TIMEOUT_MS * 2);
  });
  await Promise.race([connected, patience]);
  clearTimeout(timer);
  return {
    async run(work, withinMs = COMMAND_TIMEOUT_MS) {
      if (!breaker.admits()) throw shopError("RedisUnavailable", "it did not answer a moment ago");
      const answer = work(client);
      // Even a late answer proves that the server is back.
      answer.then(breaker.answered, () => undefined);
      return withDeadline(answer, withinMs, breaker.timedOut);
    },
    async close() {
      // Nothing is worth waiting for: cached values can be read again, and callers have awaited their deletions.
      client.destroy();
    },
  };
}
