// Owns the client's side of a fill: chunks wait here until a slow client reads them.
import { backpressure } from "./backpressure.ts";

export interface ClientStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when the client has read it all, or is gone. */
  readonly left: Promise<void>;
  /** The caller must not change the bytes until the client has them. */
  send(chunk: Uint8Array): void;
  /** `undefined` while at most `windowBytes` wait. Else a promise that resolves once that is so, or the client is gone. */
  room(windowBytes: number): Promise<void> | undefined;
  isGone(): boolean;
  /** Resolves when the client has read it all, or is gone. */
  end(): Promise<void>;
  /** Breaks the body off, after the client has the bytes already sent. */
  abort(cause: unknown): Promise<void>;
}

/** `length`: of the whole body, where known. */
export function clientStream(length: number | undefined): ClientStream {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  const left = Promise.withResolvers<void>();
  let isGone = false;
  // only the client is gone: the fill goes on for the store and for followers
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
