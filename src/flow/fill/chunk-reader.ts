// Owns reading a body in chunks as large as the bytes at hand, where the runtime lets the reader bring the memory.

export interface ChunkReader {
  /** The next chunk, without waiting for it to fill up; `undefined` at the end. `spare`: memory of an earlier chunk, to be used again. */
  next(spare?: ArrayBufferLike): Promise<Uint8Array | undefined>;
  cancel(cause: unknown): Promise<void>;
}

/** The runtime's own chunks have 4 KB, and each costs a turn of the event loop. */
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

/** `undefined` for a stream that is no byte stream, as most streams made in JS. */
function byteReader(source: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
