// Owns what a test knows of the handling of events: when each was handled, and whether the order of its entity was kept.
import type { HandleEvents } from "../../../origin-mock/events/handle.ts";

export type Ledger = {
  /** Notes what `handle` says was handled. */
  readonly watch: (handle: HandleEvents) => HandleEvents;
  /** Event ids, as often as they were handled. */
  readonly handled: readonly string[];
};

export const createLedger = (): Ledger => {
  const handled: string[] = [];
  return {
    handled,
    watch: (handle) => async (events) => {
      const outcomes = await handle(events);
      for (const [index, { eventId }] of events.entries()) {
        if (outcomes[index]?.status === "handled") handled.push(eventId);
      }
      return outcomes;
    },
  };
};

/** The events of one entity, in order, without those never handled: first times ascend, and so do last times. */
export const keepsOrder = (handled: readonly string[], ofEntity: readonly string[]): boolean => {
  const seen = ofEntity.filter((id) => handled.includes(id));
  const ascends = (places: readonly number[]): boolean =>
    places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1));
  return ascends(seen.map((id) => handled.indexOf(id))) && ascends(seen.map((id) => handled.lastIndexOf(id)));
};
