// Owns the aftermath of a change: events recorded in its transaction, and the inner tiers cleaned right after the commit.
import type { Queryable } from "../db/port.ts";
import type { ShopEvent } from "../events/event.ts";
import type { EventRecorder } from "../events/port.ts";
import type { Trace } from "../http/trace.ts";
import type { MultiTierInvalidation } from "../invalidation/multi-tier.ts";
import { reachOf } from "../invalidation/reach.ts";
import { mergeTargets } from "../invalidation/targets.ts";

interface Recorded {
  readonly id: string;
  readonly event: ShopEvent;
}

export interface Announce {
  /** Call it in the transaction of the change, so that both are kept or neither. */
  record(tx: Queryable, events: readonly ShopEvent[], trace: Trace): Promise<readonly Recorded[]>;
  /** Call it after the commit. The events later reach the edge, and any tier that fails now. */
  committed(recorded: readonly Recorded[]): Promise<void>;
}

export function createAnnounce(recorder: EventRecorder, invalidation: Pick<MultiTierInvalidation, "queued">): Announce {
  return {
    async record(tx, events, { requestId, traceparent }) {
      const recorded: Recorded[] = [];
      // One after the other, because their order counts and a transaction is one connection.
      for (const event of events) {
        recorded.push({ id: await recorder.record(tx, event, { requestId, traceparent }), event });
      }
      return recorded;
    },
    async committed(recorded) {
      const [first] = recorded;
      if (first === undefined) return;
      recorder.wake();
      await invalidation.queued(mergeTargets(recorded.map(({ event }) => reachOf(event))), first.id);
    },
  };
}
