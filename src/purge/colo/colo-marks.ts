// Owns the marks that isolates of a colo leave each other: who asks the purge log, and that it is out of reach.
import type { LogAnswer } from "../reader/log-reader.ts";
import type { StoredBlob } from "./blob-cache.ts";

/** Clocks of one colo's machines may differ by so much, milliseconds. */
export const CLOCK_SKEW_MS = 25;
/** After so long that nobody said that the log is out of reach all may ask it again, milliseconds. */
const OUT_MS = 10_000;
const NOTHING = new Uint8Array();

/** What one isolate of a colo does for all: to ask the log, and to try whether it is in reach again. */
export type Claim = "claim" | "probe";

export interface Marks {
  isClaimed(claim: Claim, withinMs: number): Promise<boolean>;
  /** False where another was later. */
  claim(claim: Claim): Promise<boolean>;
  /** Whether a question has no answer that was sent after the one with this answer. */
  isOut(answered: LogAnswer | undefined): Promise<boolean>;
  /** The question that was sent then has no answer. */
  markOut(sentAtMs: number): Promise<void>;
  markWell(): Promise<void>;
}

/** Where marks lie; `undefined` where there is none, or it cannot be had. */
interface MarkStore {
  get(name: string): Promise<StoredBlob | undefined>;
  put(name: string, atMs: number, bytes: Uint8Array): Promise<void>;
}

export function marksOn({ get, put }: MarkStore, now: () => number, random: () => number): Marks {
  /** -Infinity where there is none, or by a clock that is ahead. */
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
      // an earlier one that is still there: ours was not taken
      if (blob?.bytes.length !== 4 || blob.atMs < atMs - CLOCK_SKEW_MS) return true;
      return new DataView(blob.bytes.buffer, blob.bytes.byteOffset).getUint32(0, true) === mark;
    },
    async isOut(answered) {
      const outAtMs = await timeOf("outage");
      if (now() - outAtMs >= OUT_MS) return false;
      return outAtMs > (answered?.sentAtMs ?? Number.NEGATIVE_INFINITY) + CLOCK_SKEW_MS;
    },
    async markOut(sentAtMs) {
      // one that is noticed late must not hide a later one
      if ((await timeOf("outage")) < sentAtMs) await put("outage", sentAtMs, NOTHING);
    },
    markWell: () => put("outage", 0, NOTHING),
  };
}
