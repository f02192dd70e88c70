// Owns this process's belief that it is the only consumer. The belief expires early: it counts from when the question was sent.
import type { LeasePort } from "./port.ts";

export interface Lease {
  held(): boolean;
  /** Takes or extends the lease. */
  renew(): Promise<void>;
  /** Lets the next holder take over before the lease runs out. */
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
      // After a failure the earlier grant holds for its own time.
      untilMs = (await port.take(holder, forMs)) ? askedMs + forMs : -Infinity;
    },
    async giveUp() {
      untilMs = -Infinity;
      await port.release(holder);
    },
  };
}
