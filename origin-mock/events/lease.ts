// Owns this process's belief that it is the one consumer. It doubts early: the belief is as old as the question was.
import type { LeasePort } from "./port.ts";

export interface Lease {
  held(): boolean;
  /** Asks for it, or for more of it. */
  renew(): Promise<void>;
  /** So that the next one need not wait until it runs out. */
  giveUp(): Promise<void>;
}

interface Parts {
  readonly port: LeasePort;
  readonly holder: string;
  readonly forMs: number;
  readonly monotonicMs: () => number;
}

export function createLease({ port, holder, forMs, monotonicMs }: Parts): Lease {
  let untilMs = -Infinity;
  return {
    held: () => monotonicMs() < untilMs,
    async renew() {
      const askedMs = monotonicMs();
      // A failure changes nothing: what was granted before lasts as long as it was granted for.
      untilMs = (await port.take(holder, forMs)) ? askedMs + forMs : -Infinity;
    },
    async giveUp() {
      untilMs = -Infinity;
      await port.release(holder);
    },
  };
}
