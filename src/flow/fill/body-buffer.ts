// Owns a body collected in memory, within the memory budget. The client stream reads the same bytes, so they are never overwritten.
import type { Reservation, Stack } from "../../tiers/tier.ts";
import { CHUNK_BYTES } from "./chunk-reader.ts";

export interface BodyBuffer {
  /** Adds room for so many bytes. False where the budget has none. */
  add(bytes: number): boolean;
  /** The chunk's bytes in the buffer; `undefined` where the budget has no room for them. */
  collect(chunk: Uint8Array): Uint8Array | undefined;
  /** Hands over the bytes collected so far. */
  drained(): readonly Uint8Array[];
  joined(): Uint8Array<ArrayBuffer>;
  /** Drops the bytes; a slow client may still be reading them. */
  forget(): void;
  /** The store has the bytes: drops them here. If it made a copy, a slow client still reads the original, so that is budgeted, too. */
  handOver(): void;
  /** Renews the reservations: see `Reservation`. */
  renew(): void;
  /** Gives the reservations back. */
  release(): void;
}

interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
}

export function bodyBuffer({ reserve }: Pick<Stack, "reserve">): BodyBuffer {
  let blocks: Block[] = [];
  let reserved: Reservation[] = [];

  function taken(bytes: number): boolean {
    const reservation = reserve(bytes);
    if (reservation) reserved.push(reservation);
    return reservation !== undefined;
  }

  function added(bytes: number): Block | undefined {
    // a single chunk is in memory anyway while it is read
    const isFree = blocks.length === 0 && bytes <= CHUNK_BYTES;
    if (!isFree && !taken(bytes)) return undefined;
    const block = { bytes: new Uint8Array(bytes), used: 0 };
    blocks.push(block);
    return block;
  }

  const filled = (): Uint8Array[] => blocks.map(({ bytes, used }) => bytes.subarray(0, used));
  return {
    add: (bytes) => added(bytes) !== undefined,
    collect(chunk) {
      const last = blocks.at(-1);
      const fits = last && last.used + chunk.length <= last.bytes.length;
      const block = fits ? last : added(Math.max(chunk.length, CHUNK_BYTES));
      if (!block) return undefined;
      block.bytes.set(chunk, block.used);
      block.used += chunk.length;
      return block.bytes.subarray(block.used - chunk.length, block.used);
    },
    drained() {
      const all = filled();
      blocks = [];
      return all;
    },
    joined() {
      const [first] = blocks;
      // a body of known length fills one block exactly: no copy
      if (first && blocks.length === 1 && first.used === first.bytes.length) return first.bytes;
      return joined(filled());
    },
    forget() {
      blocks = [];
    },
    handOver() {
      if (blocks.length > 1) taken(blocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
      blocks = [];
    },
    renew() {
      for (const { renew } of reserved) renew();
    },
    release() {
      for (const { release } of reserved) release();
      reserved = [];
    },
  };
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
