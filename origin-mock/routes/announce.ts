// Owns what routes need so that a change is known everywhere: told in its transaction, and carried out once it is committed.
import type { Queryable } from "../db/port.ts";
import type { ShopEvent } from "../events/event.ts";
import type { Trace } from "../http/trace.ts";

export type Announce = {
  /** In the transaction of the change: both are kept or neither. */
  record(tx: Queryable, events: readonly ShopEvent[], trace: Trace): Promise<void>;
  /** After the commit: the inner tiers are clean when it resolves, the edge follows in its own time. Never rejects. */
  committed(events: readonly ShopEvent[]): Promise<void>;
};
