// Proves the outbox: with the change or not at all, in order of commits per entity, and what it says about itself.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import {
  listDead,
  markHandled,
  markPublished,
  markRefused,
  prune,
  pruneDead,
  readBacklog,
  recordEvent,
  redrive,
  unpublished,
  waitingAfter,
  waitingOf,
} from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { DATABASES } from "../support/databases.ts";
import { happen, TRACE, updated } from "../support/events.ts";

describe.each(DATABASES)("$kind", ({ kind, open }) => {
  let db: Database;
  beforeAll(async () => {
    db = await open();
    await migrate(db);
  }, 60_000);
  afterAll(() => db.close());
  beforeEach(() => db.script("DELETE FROM outbox"));

  const ids = (rows: readonly { readonly eventId: string }[]): readonly string[] => rows.map(({ eventId }) => eventId);

  test("what is rolled back did not happen", async () => {
    const failing = db.transaction(async (tx) => {
      await recordEvent(tx, { entity: "product:1", event: updated(1), ...TRACE });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await readBacklog(db)).toEqual({ waiting: 0, published: 0, dead: 0, oldest_seconds: null });
  });

  test.runIf(kind === "postgres")(
    "who records second for an entity commits second; other entities do not wait",
    async () => {
      let commitFirst = (): void => undefined;
      const first = Promise.withResolvers<string>();
      const held = new Promise<void>((resolve) => {
        commitFirst = resolve;
      });
      const slow = db.transaction(async (tx) => {
        first.resolve(await recordEvent(tx, { entity: "product:1", event: updated(1), ...TRACE }));
        await held;
      });
      const firstId = await first.promise;
      let secondIsIn = false;
      const second = happen(db, updated(1)).then((id) => {
        secondIsIn = true;
        return id;
      });
      const other = await happen(db, updated(2));
      // Until it waits for the first one's lock.
      while ((await db.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length === 0);
      expect([secondIsIn, ids(await unpublished(db, "i", 9))]).toEqual([false, [other]]);
      commitFirst();
      await slow;
      const secondId = await second;
      expect(ids(await waitingOf(db, ["product:1"], 9))).toEqual([firstId, secondId]);
    },
  );

  test("of what is published to one stream nothing is published to it again, to another everything", async () => {
    const [a, b, c] = [await happen(db, updated(1)), await happen(db, updated(2)), await happen(db, updated(3))];
    expect(ids(await unpublished(db, "one", 2))).toEqual([a, b]);
    await markPublished(db, "one", [a, b]);
    expect(ids(await unpublished(db, "one", 9))).toEqual([c]);
    expect(ids(await unpublished(db, "two", 9))).toEqual([a, b, c]);
    await markHandled(db, [b]);
    expect(ids(await unpublished(db, "two", 9))).toEqual([a, c]);
    expect(await readBacklog(db)).toMatchObject({ waiting: 2, published: 1, dead: 0 });
  });

  test("all that waits is read a page at a time", async () => {
    const made: string[] = [];
    for (let id = 1; id <= 5; id += 1) made.push(await happen(db, updated(id)));
    const seen: string[] = [];
    let after: string | undefined = "0";
    while (after !== undefined) {
      const page: Awaited<ReturnType<typeof waitingAfter>> = await waitingAfter(db, after, 2);
      seen.push(...ids(page.rows));
      after = page.last;
    }
    expect(seen).toEqual(made);
  });

  test("entities are told apart whatever they are called", async () => {
    const names = ['a","b', "a", "b", "ä,'", "%"];
    for (const entity of names) {
      await db.transaction((tx) => recordEvent(tx, { entity, event: { any: entity }, ...TRACE }));
    }
    expect((await waitingOf(db, ['a","b', "ä,'"], 9)).map(({ event }) => event)).toEqual([
      { any: 'a","b' },
      { any: "ä,'" },
    ]);
  });

  test("the last refusal makes a dead letter; driven again it waits before what came after it", async () => {
    const [dead, later] = [await happen(db, updated(1)), await happen(db, updated(1))];
    expect(await markRefused(db, dead, "first", 2)).toBe(false);
    expect(await listDead(db, 9)).toEqual([]);
    expect(await markRefused(db, dead, "second", 2)).toBe(true);
    expect(ids(await waitingOf(db, ["product:1"], 9))).toEqual([later]);
    expect(await listDead(db, 9)).toEqual([
      {
        id: dead,
        entity: "product:1",
        event: updated(1),
        reason: "second",
        refusals: 2,
        request_id: TRACE.requestId,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        dead_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
    // Refused once more by somebody who has not heard: it stays what it is.
    expect(await markRefused(db, dead, "third", 2)).toBe(false);
    expect([await redrive(db, dead), await redrive(db, dead), await redrive(db, later)]).toEqual([true, false, false]);
    expect(ids(await waitingOf(db, ["product:1"], 9))).toEqual([dead, later]);
    expect(await markRefused(db, dead, "fourth", 2)).toBe(false);
  });

  test("what was done is done, also when another process gave it up meanwhile", async () => {
    const id = await happen(db, updated(1));
    await markRefused(db, id, "no", 1);
    await markHandled(db, [id]);
    expect(await listDead(db, 9)).toEqual([]);
    expect(await redrive(db, id)).toBe(false);
  });

  test("only what was handled long ago is forgotten, so many rows at once", async () => {
    const made = [await happen(db, updated(1)), await happen(db, updated(2)), await happen(db, updated(3))];
    const dead = await happen(db, updated(4));
    await markRefused(db, dead, "no", 1);
    await happen(db, updated(5));
    await markHandled(db, made);
    expect(await prune(db, 3_600, 10)).toBe(0);
    await db.script("UPDATE outbox SET handled_at = handled_at - interval '2 hours'");
    expect([await prune(db, 3_600, 2), await prune(db, 3_600, 2), await prune(db, 3_600, 2)]).toEqual([2, 1, 0]);
    expect(await readBacklog(db)).toMatchObject({ waiting: 1, dead: 1 });
    await pruneDead(db, 3_600);
    expect(await readBacklog(db)).toMatchObject({ dead: 1 });
    await db.script("UPDATE outbox SET dead_at = dead_at - interval '2 hours'");
    await pruneDead(db, 3_600);
    expect(await readBacklog(db)).toMatchObject({ waiting: 1, dead: 0 });
  });
});
