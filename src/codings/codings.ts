// Owns the port of content codings: a fill and a delivery reach the platform's encoders through it.
import type { ContentCoding } from "../http/select/coding.ts";

/** An encoder at work: each step resolves with what came out of it, in order. Rejects when the coder fails. */
export interface Encoder {
  write(chunk: Uint8Array): Promise<readonly Uint8Array[]>;
  /** After it, a client can decode everything written so far from the bytes that came out so far. */
  flush(): Promise<readonly Uint8Array[]>;
  end(): Promise<readonly Uint8Array[]>;
}

export interface Codings {
  /** A whole body at once. */
  encode(bytes: Uint8Array, coding: ContentCoding): Uint8Array<ArrayBuffer>;
  /** `length`: of the plain body, where known. */
  encoder(coding: ContentCoding, length: number | undefined): Encoder;
  /** In bounded memory; breaks off where the source does, or is not what its coding says. */
  decoded(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array>;
}
