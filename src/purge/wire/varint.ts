// Owns numbers as bytes: seven bits in each, the lowest first; signed numbers are zigzag-folded to stay short. Below 2^53, signed below 2^52.

const MAX_VARINT_BYTES = 8;

/** A buffer that grows as it is written. */
export interface ByteWriter {
  byte(value: number): void;
  bytes(values: Uint8Array): void;
  /** @param value a whole number from 0. */
  varint(value: number): void;
  signed(value: number): void;
  uint32(value: number): void;
  written(): Uint8Array<ArrayBuffer>;
}

export function byteWriter(expectedBytes: number): ByteWriter {
  let held = new Uint8Array(expectedBytes);
  let at = 0;
  const room = (wanted: number): void => {
    if (at + wanted <= held.length) return;
    const larger = new Uint8Array(2 * held.length + wanted);
    larger.set(held);
    held = larger;
  };
  const writer: ByteWriter = {
    byte(value) {
      room(1);
      held[at++] = value;
    },
    bytes(values) {
      room(values.length);
      held.set(values, at);
      at += values.length;
    },
    varint(value) {
      room(MAX_VARINT_BYTES);
      let rest = value;
      while (rest >= 0x80) {
        held[at++] = (rest % 0x80) + 0x80;
        rest = Math.floor(rest / 0x80);
      }
      held[at++] = rest;
    },
    signed: (value) => {
      writer.varint(value < 0 ? -2 * value - 1 : 2 * value);
    },
    uint32(value) {
      room(4);
      held[at++] = value >>> 24;
      held[at++] = (value >>> 16) & 0xff;
      held[at++] = (value >>> 8) & 0xff;
      held[at++] = value & 0xff;
    },
    written: () => held.slice(0, at),
  };
  return writer;
}

/** Past the end, or for bytes that no writer writes, it gives 0 and is no longer `sound`. */
export interface ByteReader {
  byte(): number;
  bytes(count: number): Uint8Array;
  varint(): number;
  signed(): number;
  uint32(): number;
  /** Bytes left. */
  left(): number;
  sound(): boolean;
}

export function byteReader(held: Uint8Array): ByteReader {
  let at = 0;
  let isSound = true;
  const take = (count: number): boolean => {
    if (at + count > held.length) isSound = false;
    return isSound;
  };
  const byte = (): number => (take(1) ? (held[at++] ?? 0) : 0);
  function varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const next = byte();
      value += (next % 0x80) * factor;
      if (next < 0x80) {
        if (value <= Number.MAX_SAFE_INTEGER) return value;
        break;
      }
      factor *= 0x80;
    }
    isSound = false;
    return 0;
  }
  return {
    byte,
    bytes(count) {
      if (!take(count)) return new Uint8Array(0);
      at += count;
      return held.subarray(at - count, at);
    },
    varint,
    signed() {
      const folded = varint();
      return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
    },
    uint32() {
      if (!take(4)) return 0;
      at += 4;
      const [a = 0, b = 0, c = 0, d = 0] = held.subarray(at - 4, at);
      return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    },
    left: () => held.length - at,
    sound: () => isSound,
  };
}
