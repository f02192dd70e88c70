// Owns the stream of a fill into the colo. A slow colo may hold the client back for a while; then the fill goes on without the colo.
import type { Edge } from "../edge.ts";
import type { BodyToStore } from "./body-to-store.ts";
import { CHUNK_BYTES } from "./chunk-reader.ts";
import { after } from "../../base/deadline.ts";
import { backpressure } from "./backpressure.ts";

export interface ColoWriter {
  /** The caller must not change the bytes until the colo has them. */
  send(chunk: Uint8Array): void;
  /** How many bytes may wait for a slow colo or a slow client. */
  readonly windowBytes: number;
  /**
   * A promise where the colo must catch up: it resolves when the colo has, or is given up. The colo's patience counts from this
   * call, so wait for the client first.
   */
  room(): Promise<void> | undefined;
  /** Every byte has been sent. */
  end(): void;
  abort(cause: unknown): void;
  /** Resolves when the colo has it, or never will. */
  readonly stored: Promise<void>;
  /** Renews the reservation: see `Reservation`. */
  renew(): void;
  /** Gives the window's reservation back. */
  release(): void;
}

/** Bytes that may wait for the colo, if the memory budget has room for them; else a single chunk waits. */
const WINDOW_BYTES = 4 * CHUNK_BYTES;

/** How long a slow colo may hold the client back: two seconds, and a second more for every 8 MB sent. */
const PATIENCE_MS = 2000;
const BYTES_PER_MS = 8000;

/** `lose`: called once, when the colo takes no more of the body. */
export function coloWriter(
  { stack, clock: { now, timeout } }: Pick<Edge, "stack" | "clock">,
  { slot, stored, length }: BodyToStore,
  lose: (how: "refused" | "no-room", cause: Error) => void,
): ColoWriter {
  // the Cache API serves ranges of a body only if its length was declared
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
    send(chunk) {
      sent += chunk.length;
      queue.send(chunk);
      if (sent > stack.maxStreamedBytes) lose("no-room", new Error("the body is too large for the colo tier"));
    },
    room() {
      const room = queue.room(windowBytes);
      if (!room) return undefined;
      const sinceMs = now();
      const stop = after(timeout(PATIENCE_MS + sent / BYTES_PER_MS - heldMs), () => {
        lose("no-room", new Error("the colo tier is too slow for this body"));
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
