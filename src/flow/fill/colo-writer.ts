// Owns the stream of a fill into the colo: a slow colo holds the body back a little, one too slow is given up.
import type { Edge } from "../edge.ts";
import type { BodyToStore } from "./body-to-store.ts";
import { CHUNK_BYTES } from "./chunk-reader.ts";
import { after } from "../../base/deadline.ts";
import { backpressure } from "./backpressure.ts";

export interface ColoWriter {
  /** The bytes must stay as they are until they are taken. */
  send(piece: Uint8Array): void;
  /** How much may wait for whoever is slow, in bytes. */
  readonly windowBytes: number;
  /** A promise where the colo must catch up: it resolves when it has, or is lost. To be asked for when it alone is waited for. */
  room(): Promise<void> | undefined;
  /** Every byte has been sent. */
  end(): void;
  abort(cause: unknown): void;
  /** Resolves when the colo has it, or never will. */
  readonly stored: Promise<void>;
  /** It is still fed: see `Reservation`. */
  renew(): void;
  /** Gives back the memory of the window. */
  release(): void;
}

/** What may wait where the memory budget has room for it; else a single piece. */
const WINDOW_BYTES = 4 * CHUNK_BYTES;

/** How long a client is held back for a slow colo: so long for any body, and longer for a longer one. */
const PATIENCE_MS = 2000;
const BYTES_PER_MS = 8000;

/** `lose`: is told once that the colo takes no more of it. */
export function coloWriter(
  { stack, now, timeout }: Pick<Edge, "stack" | "now" | "timeout">,
  { slot, stored, length }: BodyToStore,
  lose: (how: "refused" | "declined", cause: Error) => void,
): ColoWriter {
  // with a declared length the Cache API can cut ranges out of it
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  const whole = Promise.withResolvers<number>();
  whole.promise.catch(() => undefined);
  writer.closed.catch(() => undefined);
  let sent = 0;
  let heldMs = 0;
  let isOver = false;
  const queue = backpressure(writer, () => {
    if (!isOver) lose("refused", new Error("the colo tier takes no more of this body"));
  });
  const reserved = stack.reserve(WINDOW_BYTES);
  const windowBytes = reserved ? WINDOW_BYTES : 0;
  const body = { kind: "stream", stream: readable, whole: whole.promise } as const;
  return {
    stored: stack.storeStream(slot, length === undefined ? stored : { ...stored, bodyLength: length }, body),
    windowBytes,
    send(piece) {
      sent += piece.length;
      queue.send(piece);
      if (sent > stack.maxStreamedBytes) lose("declined", new Error("the body is too large for the colo tier"));
    },
    room() {
      const room = queue.room(windowBytes);
      if (!room) return undefined;
      const sinceMs = now();
      const stop = after(timeout(PATIENCE_MS + sent / BYTES_PER_MS - heldMs), () => {
        lose("declined", new Error("the colo tier is too slow for this body"));
      });
      return room.finally(() => {
        heldMs += now() - sinceMs;
        stop();
      });
    },
    end() {
      isOver = true;
      whole.resolve(sent);
      writer.close().catch(() => undefined);
    },
    abort(cause) {
      isOver = true;
      whole.reject(cause);
      queue.stop();
      writer.abort(cause).catch(() => undefined);
      reserved?.release();
    },
    renew: () => reserved?.renew(),
    release: () => reserved?.release(),
  };
}
