// Owns the port of content codings: what a fill and a delivery ask of the platform's encoders.
import type { ContentCoding } from "../http/select/coding.ts";

/** An encoder at work: each step resolves with what came out of it, in order. Rejects when the coder fails. */
export interface Encoder {
  write(chunk: Uint8Array): Promise<readonly Uint8Array[]>;
  /** What was written so far can be decoded from what came out so far. */
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
