// Owns reading a body in pieces as they come: as large as there is, where the runtime lets us bring the memory.

export interface ChunkReader {
  /**
   * The next piece, without waiting for more than there is; `undefined` at the end. `spare`: memory of an earlier piece, to be used again.
   */
  next(spare?: ArrayBufferLike): Promise<Uint8Array | undefined>;
  cancel(cause: unknown): Promise<void>;
}

/** The runtime's own pieces have 4 KB: each costs a turn of the event loop. */
export const CHUNK_BYTES = 64 * 1024;

export function chunkReader(source: ReadableStream<Uint8Array>): ChunkReader {
  const reader = byteReader(source);
  if (reader) {
    return {
      async next(spare) {
        const memory = spare instanceof ArrayBuffer && spare.byteLength === CHUNK_BYTES ? spare : undefined;
        const { done, value } = await reader.read(new Uint8Array(memory ?? new ArrayBuffer(CHUNK_BYTES)));
        return done ? undefined : value;
      },
      cancel: (cause) => reader.cancel(cause),
    };
  }
  const simple = source.getReader();
  return {
    next: async () => (await simple.read()).value,
    cancel: (cause) => simple.cancel(cause),
  };
}

/** `undefined` for a stream that is not one of bytes, as those made in JS mostly are. */
function byteReader(source: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
