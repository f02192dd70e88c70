// Owns what events ask of others: a stream that delivers and remembers until acknowledged, and the outbox behind it.
import type { Queryable } from "../db/port.ts";
import type { ShopEvent } from "./event.ts";

export interface TraceIds {
  readonly requestId: string;
  readonly traceparent: string;
}

export interface EventRecorder {
  /** In the transaction of the change. Resolves to the event's id. */
  record(tx: Queryable, event: ShopEvent, trace: TraceIds): Promise<string>;
  /** After the commit: there is something to relay. */
  wake(): void;
}

/** What the stream carries: which row of the outbox, and whose order it belongs to. The row is the event. */
export interface Announcement {
  readonly eventId: string;
  readonly entity: string;
}
/** Undefined where somebody else wrote the entry. */
export interface Delivery {
  readonly entryId: string;
  readonly announcement: Announcement | undefined;
}

/** Every method rejects with RedisUnavailable. */
export interface EventStream {
  /** Makes stream and group where they are missing. Resolves to the stream's incarnation: another one has forgotten everything. */
  open(): Promise<string>;
  /** What is in the stream already is not added again. False, and nothing is added, when the incarnation is another one. */
  publish(incarnation: string, announcements: readonly Announcement[]): Promise<boolean>;
  /** All that was delivered to anyone and not acknowledged; from now on it is this consumer's. */
  claim(consumer: string): Promise<readonly Delivery[]>;
  /** What nobody was given yet, at most `count`. Waits at most `blockMs` for some; 0 does not wait. */
  read(consumer: string, count: number, blockMs: number): Promise<readonly Delivery[]>;
  /** Handled: out of the group's memory and out of the stream. */
  acknowledge(deliveries: readonly Delivery[]): Promise<void>;
}

/** One holder at a time, by the clock of Redis. */
export interface LeasePort {
  /** Takes it where it is free, prolongs it where it is the holder's. Resolves to whether it is. */
  take(holder: string, forMs: number): Promise<boolean>;
  release(holder: string): Promise<void>;
}
