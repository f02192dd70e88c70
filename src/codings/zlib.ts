// Owns content codings on this platform: node:zlib, at levels chosen by size.
import {
  brotliCompressSync,
  type Coding,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
} from "node:zlib";
import type { ContentCoding } from "../http/select/coding.ts";
import type { Codings, Encoder } from "./codings.ts";
import { decodedStream } from "./decoded.ts";

/** Up to this many bytes the better level costs 10 ms at most (docs/decisions/013-compression-at-fill.md). */
const SMALL_BYTES = 256 * 1024;

const LEVELS = {
  br: { small: 5, large: 4 },
  zstd: { small: 9, large: 3 },
  gzip: { small: 6, large: 4 },
} as const satisfies Record<ContentCoding, { readonly small: number; readonly large: number }>;

/** `length`: of the plain body, where known; most bodies are small. */
function levelFor(coding: ContentCoding, length: number | undefined): number {
  return LEVELS[coding][(length ?? 0) <= SMALL_BYTES ? "small" : "large"];
}

export const zlibCodings: Codings = {
  encode(bytes, coding) {
    // a copy: the result may be a short view of a much larger buffer, and would keep all of it alive
    return new Uint8Array(encodedAtOnce(bytes, coding));
  },
  encoder(coding, length) {
    const level = levelFor(coding, length);
    switch (coding) {
      case "br":
        return stepwise(createBrotliCompress(brotli(level, length)), constants.BROTLI_OPERATION_FLUSH);
      case "gzip":
        return stepwise(createGzip({ level }), constants.Z_SYNC_FLUSH);
      case "zstd":
        return stepwise(createZstdCompress(zstd(level)), constants.ZSTD_e_flush);
    }
  },
  decoded: decodedStream,
};

function encodedAtOnce(bytes: Uint8Array, coding: ContentCoding): Uint8Array {
  const level = levelFor(coding, bytes.length);
  switch (coding) {
    case "br":
      return brotliCompressSync(bytes, brotli(level, bytes.length));
    case "gzip":
      return gzipSync(bytes, { level });
    case "zstd": {
      // not zstdCompressSync: in workerd it fails once the result outgrows its first chunk, so give it a first chunk that is large enough
      const chunkSize = bytes.length + (bytes.length >> 8) + 512;
      return createZstdCompress({ ...zstd(level), chunkSize })._processChunk(bytes, constants.ZSTD_e_end);
    }
  }
}

function brotli(level: number, length: number | undefined): { readonly params: Readonly<Record<number, number>> } {
  const hint = length === undefined ? {} : { [constants.BROTLI_PARAM_SIZE_HINT]: length };
  return { params: { [constants.BROTLI_PARAM_QUALITY]: level, ...hint } };
}

function zstd(level: number): { readonly params: Readonly<Record<number, number>> } {
  return { params: { [constants.ZSTD_c_compressionLevel]: level } };
}

function stepwise(coder: Coding, flushKind: number): Encoder {
  let out: Uint8Array[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  coder.on("data", (chunk) => {
    out.push(chunk);
  });
  coder.on("error", failed.reject);

  async function step(start: (done: () => void) => void): Promise<readonly Uint8Array[]> {
    await Promise.race([new Promise<void>(start), failed.promise]);
    const taken = out;
    out = [];
    return taken;
  }

  return {
    write: (chunk) => step((done) => void coder.write(chunk, done)),
    flush: () =>
      step((done) => {
        coder.flush(flushKind, done);
      }),
    // flush first: zstd in workerd fails at the end while much output is still pending
    end: () =>
      step((done) => {
        coder.on("end", done);
        coder.flush(flushKind, () => {
          coder.end();
        });
      }),
  };
}
