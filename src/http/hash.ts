// Owns the 64-bit hash used for names: fast, even, the same everywhere; not for secrets.

/** 16 hexadecimal digits. Two independent 32-bit lanes over UTF-16 code units, finished to avalanche. */
export function hash64(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0x5f356495);
    b ^= b >>> 13;
  }
  return hex(finish(a ^ (b >>> 7))) + hex(finish(b ^ (a >>> 9)));
}

/**
 * `hash64(lead + start)` for every start of `text` that has one of the `lengths`, in one pass. `lengths`: ascending; longer
 * ones than the text are left out.
 */
export function hashesOfStarts(lead: string, text: string, lengths: readonly number[]): string[] {
  const hashes: string[] = [];
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const whole = lead + text;
  let next = 0;
  for (let i = 0; next < lengths.length; i++) {
    while (lengths[next] === i - lead.length) {
      hashes.push(hex(finish(a ^ (b >>> 7))) + hex(finish(b ^ (a >>> 9))));
      next += 1;
    }
    if (i >= whole.length) break;
    const unit = whole.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0x5f356495);
    b ^= b >>> 13;
  }
  return hashes;
}

/** The same of bytes, four at a time. */
export function hashBytes(bytes: Uint8Array): string {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let a = 0xdeadbeef ^ bytes.length;
  let b = 0x41c6ce57;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    const word = words.getUint32(i);
    a = Math.imul(a ^ word, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, 0x5f356495);
    b ^= b >>> 13;
  }
  for (let i = whole; i < bytes.length; i++) {
    a = Math.imul(a ^ words.getUint8(i), 0x9e3779b1);
    b = Math.imul(b ^ words.getUint8(i), 0x5f356495);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  return hex(finish(a ^ (b >>> 7))) + hex(finish(b ^ (a >>> 9)));
}

function finish(lane: number): number {
  let h = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(lane: number): string {
  return lane.toString(16).padStart(8, "0");
}
