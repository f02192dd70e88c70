// Owns the types of the part of node:zlib that is used here; the runtime has it without a flag. @types/node would also claim globals that the runtime lacks.
declare module "node:zlib" {
  interface Coding extends AsyncIterable<Uint8Array> {
    write(chunk: Uint8Array, done?: () => void): boolean;
    flush(kind: number, done: () => void): void;
    end(): void;
    push(last: null): boolean;
    destroy(cause?: Error): void;
    on(event: "data", listener: (chunk: Uint8Array) => void): void;
    on(event: "error", listener: (cause: unknown) => void): void;
    on(event: "end", listener: () => void): void;
    once(event: "drain" | "close", listener: () => void): void;
  }
  interface ZstdCompress extends Coding {
    _processChunk(chunk: Uint8Array, flushKind: number): Uint8Array;
  }
  interface Options {
    readonly level?: number;
    readonly chunkSize?: number;
    readonly params?: Readonly<Record<number, number>>;
  }
  export const constants: {
    readonly BROTLI_PARAM_QUALITY: number;
    readonly BROTLI_PARAM_SIZE_HINT: number;
    readonly BROTLI_OPERATION_FLUSH: number;
    readonly ZSTD_c_compressionLevel: number;
    readonly ZSTD_e_flush: number;
    readonly ZSTD_e_end: number;
    readonly Z_SYNC_FLUSH: number;
  };
  export function brotliCompressSync(bytes: Uint8Array, options: Options): Uint8Array;
  export function gzipSync(bytes: Uint8Array, options: Options): Uint8Array;
  export function createBrotliCompress(options: Options): Coding;
  export function createZstdCompress(options: Options): ZstdCompress;
  export function createGzip(options: Options): Coding;
  export function createBrotliDecompress(): Coding;
  export function createZstdDecompress(): Coding;
  export function createGunzip(): Coding;
}
