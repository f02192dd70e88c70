// Owns writing to a reader that may be slow: how much waits for it, and when it has caught up.

export interface Backpressure {
  /** The bytes must stay as they are until they are read. */
  send(piece: Uint8Array): void;
  /** A promise where more than `windowBytes` wait: it resolves when no more do, or nothing is to be waited for any more. */
  room(windowBytes: number): Promise<void> | undefined;
  /** Nobody reads any more. */
  stop(): void;
  /** Resolves when all that was sent is read. */
  drained(): Promise<void>;
}

/** What a waiting piece takes beside its bytes, roughly. */
const OVERHEAD_BYTES = 256;

/** `fail`: is told that the reader is gone. */
export function backpressure(writer: WritableStreamDefaultWriter<Uint8Array>, fail: () => void): Backpressure {
  let waiting = 0;
  let isStopped = false;
  let last: Promise<void> = Promise.resolve();
  let wanted: { readonly windowBytes: number; readonly promise: PromiseWithResolvers<void> } | undefined;

  async function write(piece: Uint8Array): Promise<void> {
    const size = piece.length + OVERHEAD_BYTES;
    waiting += size;
    try {
      await writer.write(piece);
    } catch {
      fail();
    }
    waiting -= size;
    if (wanted && waiting <= wanted.windowBytes) wanted.promise.resolve();
  }

  return {
    send(piece) {
      if (!isStopped) last = write(piece);
    },
    room(windowBytes) {
      if (isStopped || waiting <= windowBytes) return undefined;
      wanted = { windowBytes, promise: Promise.withResolvers() };
      return wanted.promise.promise;
    },
    stop() {
      isStopped = true;
      wanted?.promise.resolve();
    },
    drained: () => last,
  };
}
