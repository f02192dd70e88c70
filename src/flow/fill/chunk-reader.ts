// Owns reading a body in large chunks: it brings its own buffer where the runtime allows that, and takes the runtime's chunks elsewhere.

export interface ChunkReader {
  /** The next chunk, as soon as there are bytes; `undefined` at the end. `spare`: an earlier chunk's memory, which it overwrites. */
  next(spare?: ArrayBufferLike): Promise<Uint8Array | undefined>;
  cancel(cause: unknown): Promise<void>;
}

/** The runtime's own chunks have only 4 KB, and each costs a turn of the event loop. */
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

/** `undefined` for a stream that is not a byte stream. Most streams made in JS are not. */
function byteReader(source: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
