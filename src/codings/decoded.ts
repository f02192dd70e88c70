// Owns decoding an encoded body as it comes, in bounded memory: one chunk of what comes out waits at a time.
import { type Coding, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import type { ContentCoding } from "../http/coding.ts";

const DECODERS: Readonly<Record<ContentCoding, () => Coding>> = {
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  gzip: createGunzip,
};

/** Text seldom shrinks to a fiftieth. Beyond these, a body is taken for a decompression bomb. */
const MAX_RATIO = 250;
const FREE_BYTES = 2 ** 20;

/** The decoded bytes of `source`. Breaks off where that is cut short, is not what it says it is, or grows out of all proportion. */
export function decodedStream(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array> {
  const decoder = DECODERS[coding]();
  const reader = source.getReader();
  const received = { bytes: 0 };
  const isClosed = new Promise<void>((resolve) => {
    decoder.once("close", resolve);
  });
  // told to who reads what comes out
  decoder.on("error", () => undefined);
  void feed(reader, decoder, received, isClosed);
  const chunks = bounded(decoder, received);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (cause) {
          void reader.cancel(cause).catch(() => undefined);
          throw cause;
        }
      },
      async cancel(cause) {
        decoder.destroy();
        await reader.cancel(cause);
      },
    },
    { highWaterMark: 0 },
  );
}

async function feed(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  decoder: Coding,
  received: { bytes: number },
  isClosed: Promise<void>,
): Promise<void> {
  try {
    for (;;) {
      // chunks come one after the other
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      received.bytes += value.length;
      const hasRoom = decoder.write(value);
      // oxlint-disable-next-line no-await-in-loop
      if (!hasRoom) await Promise.race([drained(decoder), isClosed]);
    }
    decoder.end();
  } catch (cause) {
    decoder.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function drained(decoder: Coding): Promise<void> {
  return new Promise((resolve) => {
    decoder.once("drain", resolve);
  });
}

async function* bounded(decoder: Coding, received: { readonly bytes: number }): AsyncGenerator<Uint8Array> {
  let produced = 0;
  for await (const chunk of decoder) {
    produced += chunk.length;
    if (produced > FREE_BYTES && produced > received.bytes * MAX_RATIO) {
      throw new Error("a decompression bomb: the body grows out of all proportion");
    }
    yield chunk;
  }
}
