// Owns the patience with a fill: how long it may go on when its client is gone, or when nothing comes.
import type { Edge } from "../edge.ts";
import { after } from "../../base/deadline.ts";

export interface FillTimeout {
  /** The same, watched: rejects where the fill was abandoned. */
  reading<T>(read: Promise<T>): Promise<T>;
  /** Abandons the fill. */
  breakOff(cause: Error): void;
  stop(): void;
}

export interface FillListener {
  /** Called every 30 s, for as long as the platform lets the fill run. */
  alive(): void;
  /** Called before what is read rejects. */
  givenUp(cause: Error): void;
}

/** The platform cuts off what still runs 30 s after the client left, and tells nobody: just before that we say so ourselves. */
const PATIENCE_MS = 29_500;

/**
 * The runtime says that a client is gone only when it is written to: of a fill to which nothing comes nobody knows. One who is still
 * there would wait for ever, so either way it is broken off.
 */
export function fillTimeout(
  { now, timeout }: Pick<Edge, "now" | "timeout">,
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
