// Owns the stream of a fill into the colo: what a slow colo has not taken yet waits here, and one too slow is given up.
import type { Body } from "../tiers/tier.ts";
import type { Timer } from "./exchange.ts";

export interface Feed {
  readonly body: Body & { kind: "stream" };
  /** The bytes must stay as they are until they are taken. */
  send(piece: Uint8Array): void;
  /** A promise where more than `windowBytes` wait: it resolves when no more do, or the colo is lost. */
  room(windowBytes: number): Promise<void> | undefined;
  /** Every byte has been sent. */
  end(): void;
  abort(cause: unknown): void;
}

/** How long the client's body is held back for a colo that takes nothing. */
const STALL_MS = 2000;

/** `length`: of the whole body, where known; the Cache API cuts ranges out of none that declared none. `lose`: is told once that the colo takes no more. */
export function feed(
  length: number | undefined,
  timer: Timer,
  lose: (how: "refused" | "declined", cause: Error) => void,
): Feed {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  const whole = Promise.withResolvers<number>();
  whole.promise.catch(() => undefined);
  writer.closed.catch(() => undefined);
  let waiting = 0;
  let sent = 0;
  let isOver = false;
  let wanted: { readonly windowBytes: number; readonly promise: PromiseWithResolvers<void> } | undefined;

  function abort(cause: unknown): void {
    isOver = true;
    whole.reject(cause);
    wanted?.promise.resolve();
    writer.abort(cause).catch(() => undefined);
  }

  function lost(how: "refused" | "declined", why: string): void {
    if (!isOver) lose(how, new Error(why));
  }

  async function write(piece: Uint8Array): Promise<void> {
    waiting += piece.length;
    try {
      await writer.write(piece);
    } catch {
      lost("refused", "the colo tier takes no more of this body");
    }
    waiting -= piece.length;
    if (wanted && waiting <= wanted.windowBytes) wanted.promise.resolve();
  }

  return {
    body: { kind: "stream", stream: readable, whole: whole.promise },
    send(piece) {
      sent += piece.length;
      void write(piece);
    },
    room(windowBytes) {
      if (isOver || waiting <= windowBytes) return undefined;
      wanted = { windowBytes, promise: Promise.withResolvers() };
      const stop = timer(STALL_MS, () => {
        lost("declined", "the colo tier is too slow for this body");
      });
      return wanted.promise.promise.finally(stop);
    },
    end() {
      isOver = true;
      whole.resolve(sent);
      writer.close().catch(() => undefined);
    },
    abort,
  };
}
