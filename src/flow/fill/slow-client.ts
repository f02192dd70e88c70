// Owns the patience with a client that holds a fill up: how long others wait for a body that is read more slowly than it comes.
import type { Edge } from "../edge.ts";
import { after } from "../../base/deadline.ts";

export interface SlowClient {
  /** Waits for the client, and counts how long. `sent`: bytes of the body that were on their way to it by then. */
  waiting(room: Promise<void>, sent: number): Promise<void>;
  /** Resolves when the client has held the fill up for too long; the fill goes on all the same. */
  readonly stalled: Promise<void>;
}

/** A client that takes nothing for so long does not read. */
const PATIENCE_MS = 1000;
/** Altogether it may hold the fill up for so long, and longer for what it has taken: a client that reads 1 MB a second never stalls. */
const BYTES_PER_MS = 1000;

export function slowClient({ now, timeout }: Pick<Edge, "now" | "timeout">): SlowClient {
  const stalled = Promise.withResolvers<void>();
  let heldMs = 0;
  let isStalled = false;
  const give = (): void => {
    isStalled = true;
    stalled.resolve();
  };
  return {
    stalled: stalled.promise,
    async waiting(room, sent) {
      if (isStalled) return room;
      const sinceMs = now();
      const leftMs = PATIENCE_MS + sent / BYTES_PER_MS - heldMs;
      const stop = after(timeout(Math.max(0, Math.min(PATIENCE_MS, leftMs))), give);
      await room;
      heldMs += now() - sinceMs;
      stop();
    },
  };
}
