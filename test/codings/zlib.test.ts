// Owns the proof that what is encoded here decodes to the same bytes, at once and as a stream, at every size and in any chunks.
import { brotliCompressSync, constants, createZstdCompress, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { zlibCodings } from "../../src/codings/zlib.ts";
import { CONTENT_CODINGS, type ContentCoding } from "../../src/http/select/coding.ts";
import { bytesOf, noise } from "../support/stored.ts";

const BODIES: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
  ["nothing", bytesOf("")],
  ["one byte", bytesOf("a")],
  ["20 KB of text", bytesOf("the same line again\n".repeat(1000))],
  [
    "900 KB of text",
    bytesOf(Array.from({ length: 90_000 }, (_, i) => ((i * 2_654_435_761) % 2 ** 32).toString(36)).join("\n")),
  ],
  ["900 KB of noise", noise(900_000)],
];

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

async function decoded(parts: readonly Uint8Array<ArrayBuffer>[], coding: ContentCoding): Promise<Uint8Array> {
  const source: ReadableStream<Uint8Array> = new Blob([...parts]).stream();
  return new Uint8Array(await new Response(zlibCodings.decoded(source, coding)).arrayBuffer());
}

describe.each(CONTENT_CODINGS)("%s", (coding) => {
  it.each(BODIES)("of %s, at once", async (_, body) => {
    const form = zlibCodings.encode(body, coding);
    expect(form.buffer.byteLength, "nothing larger is kept with it").toBe(form.length);
    expect(isSame(await decoded([form], coding), body)).toBe(true);
  });

  it.each(BODIES)("of %s, as a stream in small and large chunks, flushed or not", async (_, body) => {
    for (const chunk of [body.length / 7 + 1, 70_000, body.length + 1].map(Math.floor)) {
      const encoder = zlibCodings.encoder(coding, undefined);
      const parts: Uint8Array<ArrayBuffer>[] = [];
      const take = (some: readonly Uint8Array[]): void => void parts.push(...some.map((part) => new Uint8Array(part)));
      for (let at = 0; at < body.length; at += chunk) {
        take(await encoder.write(body.subarray(at, at + chunk)));
        if (chunk === 70_000) take(await encoder.flush());
      }
      take(await encoder.end());
      expect(isSame(await decoded(parts, coding), body)).toBe(true);
    }
  });
});

describe("levels (decision 013)", () => {
  const text = BODIES[3]?.[1] ?? bytesOf("");
  const SMALL = 256 * 1024;
  const brotli = (body: Uint8Array, quality: number): Uint8Array => {
    const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
    return brotliCompressSync(body, {
      params: { [BROTLI_PARAM_QUALITY]: quality, [BROTLI_PARAM_SIZE_HINT]: body.length },
    });
  };
  const zstd = (body: Uint8Array, level: number): Uint8Array => {
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    return createZstdCompress({ params, chunkSize: body.length })._processChunk(body, constants.ZSTD_e_end);
  };
  const gzip = (body: Uint8Array, level: number): Uint8Array => gzipSync(body, { level });

  it.each([
    ["br", brotli, 5, 4],
    ["zstd", zstd, 9, 3],
    ["gzip", gzip, 6, 4],
  ] as const)("%s: small bodies at a better one than large ones", (coding, encode, small, large) => {
    for (const [length, level] of [
      [SMALL, small],
      [SMALL + 1, large],
    ] as const) {
      const body = text.subarray(0, length);
      expect(isSame(zlibCodings.encode(body, coding), encode(body, level)), String(length)).toBe(true);
    }
    const edge = text.subarray(0, SMALL);
    expect(isSame(encode(edge, small), encode(edge, large)), "the levels differ").toBe(false);
  });
});

describe.each(CONTENT_CODINGS)("decoding %s", (coding) => {
  it("of a body that is empty, though it is labelled, gives nothing", async () => {
    expect(await decoded([], coding)).toHaveLength(0);
    expect(await decoded([bytesOf("")], coding)).toHaveLength(0);
  });

  it("delivers an honest body however redundant it is", async () => {
    const body = bytesOf("GET /health 200 OK\n".repeat(200_000));
    expect(isSame(await decoded([zlibCodings.encode(body, coding)], coding), body)).toBe(true);
  });

  it("breaks off where the body is cut short", async () => {
    const form = zlibCodings.encode(bytesOf("the same line again\n".repeat(1000)), coding);
    await expect(decoded([form.slice(0, form.length - 4)], coding)).rejects.toThrow();
  });
});
