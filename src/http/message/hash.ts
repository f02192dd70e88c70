// Owns the 64-bit hashes of names and of bytes: even, the same everywhere; not for secrets.

/**
 * 16 hexadecimal digits: HalfSipHash-2-4 (J.-P. Aumasson) over UTF-16 code units, two a word. Its key is known, but the state is twice as
 * wide as the hash. Finding a text with another text's hash takes too long, so a token that may purge one tag
 * cannot purge others by it.
 */
export function hash64(text: string): string {
  return hashesOfStarts("", text, [text.length])[0] ?? "";
}

/**
 * `hash64(lead + start)` for every start of `text` that has one of the `lengths`, in one pass. `lengths`: ascending; longer
 * ones than the text are left out.
 */
export function hashesOfStarts(lead: string, text: string, lengths: readonly number[]): string[] {
  const hashes: string[] = [];
  const whole = lead + text;
  state.set(INITIAL);
  let at = 0;
  for (const length of lengths) {
    const end = lead.length + length;
    if (end > whole.length) break;
    for (; at + 1 < end; at += 2) absorb(state, whole.charCodeAt(at) | (whole.charCodeAt(at + 1) << 16));
    hashes.push(finished(end, at < end ? whole.charCodeAt(at) : 0));
  }
  return hashes;
}

const INITIAL = Int32Array.of(0x5374_7261, 0x7461_6f6e ^ 0xee, 0x6c79_6765 ^ 0x5374_7261, 0x7465_6462 ^ 0x7461_6f6e);
const state = new Int32Array(4);
const ending = new Int32Array(4);

/** The hash of a text of this length; its last unit stands alone if the length is odd. */
function finished(length: number, last: number): string {
  for (let i = 0; i < 4; i++) ending[i] = laneOf(state, i);
  absorb(ending, (length << 16) | last);
  ending[2] = laneOf(ending, 2) ^ 0xee;
  rounds(ending, 4);
  const low = laneOf(ending, 1) ^ laneOf(ending, 3);
  ending[1] = laneOf(ending, 1) ^ 0xdd;
  rounds(ending, 4);
  return hex(low) + hex(laneOf(ending, 1) ^ laneOf(ending, 3));
}

function absorb(v: Int32Array, word: number): void {
  v[3] = laneOf(v, 3) ^ word;
  rounds(v, 2);
  v[0] = laneOf(v, 0) ^ word;
}

function rounds(v: Int32Array, count: number): void {
  let [v0, v1, v2, v3] = [laneOf(v, 0), laneOf(v, 1), laneOf(v, 2), laneOf(v, 3)];
  for (let i = 0; i < count; i++) {
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (((v0 << 16) | (v0 >>> 16)) + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  v[0] = v0;
  v[1] = v1;
  v[2] = v2;
  v[3] = v3;
}

function laneOf(v: Int32Array, index: number): number {
  return v[index] ?? 0;
}

/** A checksum of bytes, four at a time: faster, not for names that clients choose. Two independent 32-bit lanes, finished to avalanche. */
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

/** A word of a hash as eight digits, in one flat string: it is read faster than a concatenated one. */
export function hex(word: number): string {
  return String.fromCharCode(
    digit(word >>> 28),
    digit(word >>> 24),
    digit(word >>> 20),
    digit(word >>> 16),
    digit(word >>> 12),
    digit(word >>> 8),
    digit(word >>> 4),
    digit(word),
  );
}

function digit(nibbles: number): number {
  const nibble = nibbles & 0xf;
  return nibble < 10 ? 48 + nibble : 87 + nibble;
}

/** The word of a hash that begins at this digit, without a string of its own. */
export function wordOf(hash: string, start: 0 | 8): number {
  let word = 0;
  for (let i = start; i < start + 8; i++) {
    const unit = hash.charCodeAt(i);
    word = (word << 4) | (unit < 58 ? unit - 48 : unit - 87);
  }
  return word >>> 0;
}
