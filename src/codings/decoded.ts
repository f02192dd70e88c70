// Owns decoding an encoded body as it comes, in bounded memory: one chunk of what comes out waits at a time.
import { discard } from "../base/streams.ts";
import { type Coding, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import type { ContentCoding } from "../http/select/coding.ts";

const DECODERS: Readonly<Record<ContentCoding, () => Coding>> = {
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  gzip: createGunzip,
};

/**
 * The decoded bytes of `source`, however many they are: what may be kept of them is the store's to say. Breaks off where that is cut short,
 * or is not what it says it is.
 */
export function decodedStream(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array> {
  const decoder = DECODERS[coding]();
  const reader = source.getReader();
  const isClosed = new Promise<void>((resolve) => {
    decoder.once("close", resolve);
  });
  // told to who reads what comes out
  decoder.on("error", () => undefined);
  void feed(reader, decoder, isClosed);
  const chunks = decoder[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (cause) {
          discard(reader, cause);
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
  isClosed: Promise<void>,
): Promise<void> {
  let isEmpty = true;
  try {
    for (;;) {
      // chunks come one after the other
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      isEmpty &&= value.length === 0;
      const hasRoom = decoder.write(value);
      // oxlint-disable-next-line no-await-in-loop
      if (!hasRoom) await Promise.race([drained(decoder), isClosed]);
    }
    // many an origin labels an empty body
    if (isEmpty) decoder.push(null);
    else decoder.end();
  } catch (cause) {
    decoder.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function drained(decoder: Coding): Promise<void> {
  return new Promise((resolve) => {
    decoder.once("drain", resolve);
  });
}
