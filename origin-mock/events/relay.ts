// Owns the relay from the outbox to the stream. It may die at any point and run in several processes: nothing is added twice.
import { markPublished, unpublished, waitingAfter } from "../db/outbox.ts";
import type { Queryable } from "../db/port.ts";
import type { EventStream } from "./port.ts";

const PAGE = 200;

export interface Relay {
  /** Publishes every event that this incarnation of the stream was not given. */
  relay(): Promise<void>;
  /** Offers every waiting event again, because a Redis restored from an older snapshot lacks some. */
  sweep(): Promise<void>;
}

interface Parts {
  readonly db: Queryable;
  readonly stream: Pick<EventStream, "open" | "publish">;
}

export function createRelay({ db, stream }: Parts): Relay {
  return {
    async relay() {
      const incarnation = await stream.open();
      while (true) {
        const rows = await unpublished(db, incarnation, PAGE);
        // The incarnation has changed meanwhile: the next call starts with the new one.
        if (rows.length === 0 || !(await stream.publish(incarnation, rows))) return;
        await markPublished(
          db,
          incarnation,
          rows.map(({ eventId }) => eventId),
        );
        if (rows.length < PAGE) return;
      }
    },
    async sweep() {
      const incarnation = await stream.open();
      let after: string | undefined = "0";
      while (after !== undefined) {
        const page: Awaited<ReturnType<typeof waitingAfter>> = await waitingAfter(db, after, PAGE);
        if (page.rows.length > 0 && !(await stream.publish(incarnation, page.rows))) return;
        after = page.last;
      }
    },
  };
}
