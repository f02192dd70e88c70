// Owns how long a fill may go on after its client left, or while nothing comes.
import type { Clock } from "../edge.ts";
import { after } from "../../base/deadline.ts";

export interface FillTimeout {
  /** The same read; rejects once the fill is abandoned. */
  reading<T>(read: Promise<T>): Promise<T>;
  breakOff(cause: Error): void;
  stop(): void;
}

export interface FillListener {
  /** Called every 30 s, for as long as the platform lets the fill run. */
  alive(): void;
  /** Called before the pending read rejects. */
  givenUp(cause: Error): void;
}

/** The platform silently cuts off work that still runs 30 s after the client left. Abandon the fill just before, and report it. */
const PATIENCE_MS = 29_500;

/**
 * The runtime reports a client as gone only when the edge writes to it, so while nothing comes nobody knows whether the client is
 * there. Either way the fill is broken off: a client that is there would wait for ever.
 */
export function fillTimeout(
  { now, timeout }: Clock,
  left: Promise<void>,
  { alive, givenUp }: FillListener,
): FillTimeout {
  const abandoned = Promise.withResolvers<never>();
  abandoned.promise.catch(() => undefined);
  let leftAtMs: number | undefined;
  let readSinceMs: number | undefined;
  let stop = after(timeout(PATIENCE_MS), due);

  function due(): void {
    const restMs = (leftAtMs ?? readSinceMs ?? now()) + PATIENCE_MS - now();
    if (restMs > 0) {
      alive();
      stop = after(timeout(restMs), due);
      return;
    }
    const cause = new Error(
      leftAtMs === undefined ? "nothing came for 30 s" : "it still ran 30 s after its client left",
    );
    givenUp(cause);
    abandoned.reject(cause);
  }

  void left.then(() => {
    leftAtMs = now();
  });
  return {
    async reading(read) {
      readSinceMs = now();
      const piece = await Promise.race([read, abandoned.promise]);
      readSinceMs = undefined;
      return piece;
    },
    breakOff: abandoned.reject,
    stop: () => {
      stop();
    },
  };
}
