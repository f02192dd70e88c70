// Owns backpressure: it writes chunks for a reader that may be slow, and counts the bytes that wait.

export interface Backpressure {
  /** The caller must not change the bytes until the reader has them. */
  send(chunk: Uint8Array): void;
  /** `undefined` while at most `windowBytes` wait. Else a promise that resolves once that is so, or the reader is gone. */
  room(windowBytes: number): Promise<void> | undefined;
  /** The reader is gone: drops further chunks, and resolves `room`. */
  stop(): void;
  /** Resolves when the reader has every chunk sent. */
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

  async function write(chunk: Uint8Array): Promise<void> {
    const size = chunk.length + OVERHEAD_BYTES;
    waiting += size;
    try {
      await writer.write(chunk);
    } catch {
      fail();
    }
    waiting -= size;
    if (wanted && waiting <= wanted.windowBytes) wanted.promise.resolve();
  }

  return {
    send(chunk) {
      if (!isStopped) last = write(chunk);
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
