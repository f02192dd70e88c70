// Owns the ports of events: a recorder, a stream that remembers deliveries until they are acknowledged, and a lease.
import type { Queryable } from "../db/port.ts";
import type { ShopEvent } from "./event.ts";

export interface TraceIds {
  readonly requestId: string;
  readonly traceparent: string;
}

export interface EventRecorder {
  /** Call it in the transaction of the change. Resolves to the event's id. */
  record(tx: Queryable, event: ShopEvent, trace: TraceIds): Promise<string>;
  /** Call it after the commit, to start the relay. */
  wake(): void;
}

/** An entry of the stream: which row of the outbox, and whose order it belongs to. The row is the event. */
export interface Announcement {
  readonly eventId: string;
  readonly entity: string;
}
/** Undefined for an entry that another program wrote. */
export interface Delivery {
  readonly entryId: string;
  readonly announcement: Announcement | undefined;
}

/** Every method rejects with RedisUnavailable. */
export interface EventStream {
  /**
   * Creates the stream and its group where they are missing. Resolves to the incarnation of the stream: another one
   * has forgotten everything.
   */
  open(): Promise<string>;
  /**
   * Skips entries that the stream already has. Resolves to false, and adds nothing, when the incarnation is another
   * one.
   */
  publish(incarnation: string, announcements: readonly Announcement[]): Promise<boolean>;
  /** Moves every unacknowledged delivery, anybody's, to this consumer. */
  claim(consumer: string): Promise<readonly Delivery[]>;
  /** Reads new entries, at most `count`. Waits at most `blockMs` for some; 0 does not wait. */
  read(consumer: string, count: number, blockMs: number): Promise<readonly Delivery[]>;
  /** Removes handled entries from the group's memory and from the stream. */
  acknowledge(deliveries: readonly Delivery[]): Promise<void>;
}

/** One holder at a time, by Redis's clock. */
export interface LeasePort {
  /** Takes a free lease, or extends the holder's own. Resolves to whether the holder has it. */
  take(holder: string, forMs: number): Promise<boolean>;
  release(holder: string): Promise<void>;
}
