// Owns writing to a reader that may be slow: how many bytes wait for it, and when it has caught up.

export interface Backpressure {
  /** The bytes must stay as they are until they are read. */
  send(piece: Uint8Array): void;
  /** `undefined` while at most `windowBytes` wait. Else a promise that resolves once they do, or nobody reads any more. */
  room(windowBytes: number): Promise<void> | undefined;
  /** Nobody reads any more. */
  stop(): void;
  /** Resolves when all that was sent is read. */
  drained(): Promise<void>;
}

/** Rough memory of a waiting chunk beside its bytes. */
const OVERHEAD_BYTES = 256;

/** `fail`: called when the reader is gone. */
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
