// Owns the marks that isolates of a colo leave for each other: a claim to ask the purge log, and that the log is out of reach.
import type { LogAnswer } from "../reader/log-reader.ts";
import type { StoredBlob } from "./blob-cache.ts";

/** How far the clocks of one colo's machines may differ, milliseconds. */
export const CLOCK_SKEW_MS = 25;
/** When nobody has marked the log as out of reach for this long, all isolates may ask it again, milliseconds. */
const OUT_MS = 10_000;
const NOTHING = new Uint8Array();

/** Work that one isolate does for its colo: asking the log, and probing whether it is back. */
export type Claim = "claim" | "probe";

export interface Marks {
  isClaimed(claim: Claim, withinMs: number): Promise<boolean>;
  /** False where another isolate claimed later. */
  claim(claim: Claim): Promise<boolean>;
  /** Whether a request sent after `answered` has had no answer. */
  isOut(answered: LogAnswer | undefined): Promise<boolean>;
  /** The request sent at that time had no answer. */
  markOut(sentAtMs: number): Promise<void>;
  markWell(): Promise<void>;
}

/** Where marks are stored; `get` gives `undefined` where the mark is absent or cannot be read. */
interface MarkStore {
  get(name: string): Promise<StoredBlob | undefined>;
  put(name: string, atMs: number, bytes: Uint8Array): Promise<void>;
}

export function marksOn({ get, put }: MarkStore, now: () => number, random: () => number): Marks {
  /** -Infinity where the mark is absent, or written by a clock that is ahead. */
  async function timeOf(name: string): Promise<number> {
    const atMs = (await get(name))?.atMs ?? Number.NEGATIVE_INFINITY;
    return atMs <= now() + CLOCK_SKEW_MS ? atMs : Number.NEGATIVE_INFINITY;
  }

  return {
    isClaimed: async (claim, withinMs) => now() - (await timeOf(claim)) < withinMs,
    async claim(claim) {
      const atMs = now();
      const mark = Math.floor(random() * 2 ** 32);
      await put(claim, atMs, new Uint8Array(Uint32Array.of(mark).buffer));
      const blob = await get(claim);
      // an older claim is still there, so ours was not written
      if (blob?.bytes.length !== 4 || blob.atMs < atMs - CLOCK_SKEW_MS) return true;
      return new DataView(blob.bytes.buffer, blob.bytes.byteOffset).getUint32(0, true) === mark;
    },
    async isOut(answered) {
      const outAtMs = await timeOf("outage");
      if (now() - outAtMs >= OUT_MS) return false;
      return outAtMs > (answered?.sentAtMs ?? Number.NEGATIVE_INFINITY) + CLOCK_SKEW_MS;
    },
    async markOut(sentAtMs) {
      // an outage noticed late must not overwrite a later one
      if ((await timeOf("outage")) < sentAtMs) await put("outage", sentAtMs, NOTHING);
    },
    markWell: () => put("outage", 0, NOTHING),
  };
}
