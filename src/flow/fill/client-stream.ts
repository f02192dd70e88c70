// Owns the client's side of a fill: what a slow client has not read yet waits here.
import { backpressure } from "./backpressure.ts";

export interface ClientStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when the client has read it all, or is gone. */
  readonly left: Promise<void>;
  /** The bytes must stay as they are until they are read. */
  send(piece: Uint8Array): void;
  /** A promise where more than `windowBytes` wait: it resolves when no more do, or the client is gone. */
  room(windowBytes: number): Promise<void> | undefined;
  isGone(): boolean;
  /** Resolves when the client has read it all, or is gone. */
  end(): Promise<void>;
  /** Breaks off behind what was sent: the client gets as much as there was. */
  abort(cause: unknown): Promise<void>;
}

/** `length`: of the whole body, where known. */
export function clientStream(length: number | undefined): ClientStream {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  const left = Promise.withResolvers<void>();
  let isGone = false;
  // the client left; the fill goes on for the others
  const gone = (): void => {
    isGone = true;
    queue.stop();
    left.resolve();
  };
  const queue = backpressure(writer, gone);
  writer.closed.then(left.resolve, gone);
  return {
    body: readable,
    left: left.promise,
    send: queue.send,
    room: queue.room,
    isGone: () => isGone,
    end: () => writer.close().catch(() => undefined),
    async abort(cause) {
      await queue.drained();
      if (!isGone) await writer.abort(cause).catch(() => undefined);
    },
  };
}
