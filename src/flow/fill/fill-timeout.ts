// Owns the time limits of a fill: 30 s after its client left, or 30 s without a byte.
import type { Clock } from "../edge.ts";
import { after } from "../../base/deadline.ts";

export interface FillTimeout {
  /** Passes a read on, and rejects once the fill is abandoned. */
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
 * The runtime reports a client as gone only when the edge writes to it. While the origin sends nothing, the edge cannot know whether the
 * client is still there, so it breaks the fill off in either case: a client that is there would wait for ever.
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
      const chunk = await Promise.race([read, abandoned.promise]);
      readSinceMs = undefined;
      return chunk;
    },
    breakOff: abandoned.reject,
    stop: () => {
      stop();
    },
  };
}
