// Owns the consumer's window: unacknowledged deliveries by entity, and the entities that wait before the next attempt.
import { backoffMs } from "../backoff.ts";
import type { Announcement, Delivery } from "./port.ts";

const RETRY = { firstMs: 250, mostMs: 30_000 } as const;

export type Held = Delivery & { readonly announcement: Announcement };

export interface Window {
  readonly size: () => number;
  add(delivery: Held): void;
  /** Drops the deliveries, but keeps the waits. */
  clear(): void;
  /** Entities with work that is due, the longest held first. */
  due(nowMs: number, most: number): readonly string[];
  /** When the next waiting entity is due. Undefined when none waits. */
  nextDueMs(): number | undefined;
  /** Removes and returns the entity's finished deliveries. */
  take(entity: string, finished: (eventId: string) => boolean): readonly Held[];
  /** Notes another failure. The entity waits for `afterMs` if given, else by exponential backoff. */
  park(entity: string, nowMs: number, afterMs: number | undefined): void;
  unpark(entity: string): void;
}

export function createWindow(random: () => number): Window {
  const deliveries = new Map<string, Map<string, Held>>();
  const parked = new Map<string, { readonly failures: number; readonly dueMs: number }>();
  let size = 0;
  return {
    size: () => size,
    add(delivery) {
      const { entity } = delivery.announcement;
      const ofEntity = deliveries.get(entity) ?? new Map<string, Held>();
      if (!ofEntity.has(delivery.entryId)) size += 1;
      deliveries.set(entity, ofEntity.set(delivery.entryId, delivery));
    },
    clear() {
      deliveries.clear();
      size = 0;
    },
    due(nowMs, most) {
      const entities: string[] = [];
      for (const entity of deliveries.keys()) {
        if (entities.length >= most) break;
        if ((parked.get(entity)?.dueMs ?? -Infinity) <= nowMs) entities.push(entity);
      }
      return entities;
    },
    nextDueMs() {
      const times = [...parked].filter(([entity]) => deliveries.has(entity)).map(([, { dueMs }]) => dueMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    take(entity, finished) {
      const ofEntity = deliveries.get(entity) ?? new Map<string, Held>();
      const taken = [...ofEntity.values()].filter(({ announcement }) => finished(announcement.eventId));
      for (const { entryId } of taken) ofEntity.delete(entryId);
      size -= taken.length;
      if (ofEntity.size === 0) deliveries.delete(entity);
      return taken;
    },
    park(entity, nowMs, afterMs) {
      const failures = (parked.get(entity)?.failures ?? 0) + 1;
      parked.set(entity, { failures, dueMs: nowMs + (afterMs ?? backoffMs(RETRY, failures, random)) });
    },
    unpark: (entity) => void parked.delete(entity),
  };
}
