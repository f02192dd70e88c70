// Owns decoding a body while it streams, in bounded memory: at most one decoded chunk waits.
import { discard } from "../base/streams.ts";
import { type Coding, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import type { ContentCoding } from "../http/select/coding.ts";

const DECODERS: Readonly<Record<ContentCoding, () => Coding>> = {
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  gzip: createGunzip,
};

/**
 * The decoded bytes of `source`, without a limit: the store decides how much it keeps. Errors where `source` is cut short or is not in
 * this coding.
 */
export function decodedStream(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array> {
  const decoder = DECODERS[coding]();
  const reader = source.getReader();
  const isClosed = new Promise<void>((resolve) => {
    decoder.once("close", resolve);
  });
  // the iterator below rethrows it to the reader
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
      // chunks come in sequence
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      isEmpty &&= value.length === 0;
      const hasRoom = decoder.write(value);
      // oxlint-disable-next-line no-await-in-loop
      if (!hasRoom) await Promise.race([drained(decoder), isClosed]);
    }
    // many origins label an empty body with a coding
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
