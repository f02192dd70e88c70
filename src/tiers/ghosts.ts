// Owns the memory of evicted newcomers: fingerprints of their keys in a table that never grows.

export interface Ghosts {
  /** Size of the table itself. */
  readonly bytes: number;
  remember(key: string): void;
  /** Whether the key is among the last `reach` remembered, and forgets it. A collision only mistakes one key for another. */
  take(key: string, reach: number): boolean;
}

const FEWEST_SLOTS = 16;

/** @param slots rounded down to a power of two; a newer key takes the slot of an older one. */
export function ghosts(slots: number): Ghosts {
  const count = 2 ** Math.floor(Math.log2(Math.max(FEWEST_SLOTS, slots)));
  // fingerprint and time of each; time 0 is an empty slot
  const table = new Uint32Array(count * 2);
  let clock = 0;
  return {
    bytes: table.byteLength,
    remember(key) {
      const print = fingerprint(key);
      const slot = (print & (count - 1)) * 2;
      clock += 1;
      table[slot] = print;
      table[slot + 1] = clock;
    },
    take(key, reach) {
      const print = fingerprint(key);
      const slot = (print & (count - 1)) * 2;
      const since = table[slot + 1] ?? 0;
      if (since === 0 || table[slot] !== print) return false;
      table[slot + 1] = 0;
      return clock - since < reach;
    },
  };
}

/** 32 bits, mixed so that the low bits choose the slot. */
function fingerprint(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
