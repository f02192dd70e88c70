// Owns a wait that ends with a ring or after a time. A ring without a waiter is kept for the next one.
import type { Pause } from "./forever.ts";

export interface Doorbell {
  ring(): void;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createDoorbell(pause: Pause): Doorbell {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring() {
      rung = true;
      waiting?.abort();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        const mine = new AbortController();
        waiting = mine;
        const stop = (): void => mine.abort();
        signal.addEventListener("abort", stop, { once: true });
        await pause(ms, mine.signal);
        signal.removeEventListener("abort", stop);
      }
      rung = false;
    },
  };
}
