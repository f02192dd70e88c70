// Owns the time that a slow client may hold up a fill before its followers stop waiting.
import type { Clock } from "../edge.ts";
import { after } from "../../base/deadline.ts";

export interface SlowClient {
  /** Waits for `room`, and counts the time against the client. `sent`: bytes of the body sent to it so far. */
  waiting(room: Promise<void>, sent: number): Promise<void>;
  /** Resolves when the client has held the fill up for too long; the fill still goes on. */
  readonly stalled: Promise<void>;
}

/** A client that takes nothing for this long counts as not reading. */
const PATIENCE_MS = 1000;
/** The client's allowance grows by a second for every megabyte it has taken: one that reads 1 MB a second never stalls. */
const BYTES_PER_MS = 1000;

export function slowClient({ now, timeout }: Clock): SlowClient {
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
