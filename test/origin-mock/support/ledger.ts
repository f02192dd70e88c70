// Owns a test's ledger of handled events: the work on each, the notes of it, and their order.
import type { Database } from "../../../origin-mock/db/port.ts";
import type { HandleEvents } from "../../../origin-mock/events/handle.ts";

export type Ledger = {
  readonly watchHandle: (handle: HandleEvents) => HandleEvents;
  readonly watchDatabase: (db: Database) => Database;
  /** Event ids, as often as something was done. */
  readonly handled: readonly string[];
  /** Event ids, as often as the outbox was told so. */
  readonly marked: readonly string[];
};

export const createLedger = (): Ledger => {
  const handled: string[] = [];
  const marked: string[] = [];
  return {
    handled,
    marked,
    watchHandle: (handle) => async (events) => {
      const outcomes = await handle(events);
      for (const [index, { eventId }] of events.entries()) {
        if (outcomes[index]?.status === "handled") handled.push(eventId);
      }
      return outcomes;
    },
    watchDatabase: (db) => ({
      ...db,
      async query(sql, params = []) {
        const rows = await db.query(sql, params);
        const [ids] = params;
        if ((typeof sql === "string" ? sql : sql.text).includes("SET handled_at") && typeof ids === "string")
          marked.push(...JSON.parse(ids));
        return rows;
      },
    }),
  };
};

/** `ofEntity`: the events of one entity, in order. First times ascend, and so do last times; events that never were do not count. */
export const keepsOrder = (happened: readonly string[], ofEntity: readonly string[]): boolean => {
  const seen = ofEntity.filter((id) => happened.includes(id));
  const ascends = (places: readonly number[]): boolean =>
    places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1));
  return ascends(seen.map((id) => happened.indexOf(id))) && ascends(seen.map((id) => happened.lastIndexOf(id)));
};
