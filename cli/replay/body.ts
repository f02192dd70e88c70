// Owns the made-up bodies: bytes that depend on target and size alone, so that either end can make or check any part of them.

const BLOCK_BYTES = 65_536;

export interface Body {
  readonly bytes: number;
  /** Yields the body in blocks of at most 64 KiB; a large body is never held as a whole. */
  chunks(): Generator<Buffer>;
  /** True when `chunk` is what the body has from `offset` on. */
  matches(chunk: Buffer, offset: number): boolean;
}

export function bodyOf(target: string, bytes: number): Body {
  const block = repeated(`${target} ${bytes}\n`, bytes);
  return {
    bytes,
    *chunks() {
      for (let sent = 0; sent < bytes; sent += block.length) yield block.subarray(0, bytes - sent);
    },
    matches(chunk, offset) {
      if (offset + chunk.length > bytes) return false;
      for (let at = 0; at < chunk.length;) {
        const from = (offset + at) % block.length;
        const length = Math.min(block.length - from, chunk.length - at);
        if (block.compare(chunk, at, at + length, from, from + length) !== 0) return false;
        at += length;
      }
      return true;
    },
  };
}

function repeated(text: string, bytes: number): Buffer {
  const unit = Buffer.from(text, "latin1");
  // Whole repetitions only: the block then continues into itself.
  const blockBytes = Math.max(unit.length, Math.floor(BLOCK_BYTES / unit.length) * unit.length);
  return Buffer.alloc(Math.max(1, Math.min(bytes, blockBytes)), unit);
}
