// Proves what callers see when a real server stops, crashes, hangs and comes back: a name, in time, and then answers again.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openPglite } from "../../../origin-mock/db/pglite.ts";
import { openPostgres } from "../../../origin-mock/db/postgres.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { statement } from "../../../origin-mock/db/port.ts";
import { findPostgresBinaries } from "../support/postgres-binaries.ts";
import { createTestPostgres } from "../support/postgres.ts";
import type { TestPostgres } from "../support/postgres.ts";

const binaries = findPostgresBinaries();
const UNAVAILABLE = { name: "DatabaseUnavailable" };
const COUNT = statement("count-notes", "SELECT count(*)::integer AS n FROM notes");

/** Watched from now on, looked at later. */
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "it did not fail",
    (error: unknown) => error,
  );

describe.skipIf(binaries === undefined)("a real server", () => {
  let server: TestPostgres;
  let db: Database;
  const reported: Error[] = [];
  beforeAll(async () => {
    server = await createTestPostgres(binaries ?? "");
    db = openPostgres(server.url, (error) => reported.push(error), { connect: 1_000, statement: 1_000, answer: 1_500 });
    await db.script("CREATE TABLE notes (n integer)");
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await server.remove();
  });
  beforeEach(async () => {
    await db.query("DELETE FROM notes");
    // Several connections lie idle in the pool.
    await Promise.all([1, 2, 3, 4].map(() => db.query(COUNT)));
  });

  /** A transaction that has written and is at work; `end` lets it go on. */
  const halfWay = async () => {
    const wrote = Promise.withResolvers<void>();
    const { promise, resolve: end } = Promise.withResolvers<void>();
    const outcome = db.transaction(async (tx) => {
      await tx.query("INSERT INTO notes VALUES (1)");
      wrote.resolve();
      await promise;
      await tx.query("INSERT INTO notes VALUES (2)");
    });
    onTestFinished(() => end());
    await wrote.promise;
    return { outcome, end };
  };

  test.each(["kill", "stop"] as const)(
    "%s: unavailable until it is back, and nothing is left half done",
    async (how) => {
      const { outcome, end } = await halfWay();
      const failure = failureOf(outcome);
      await server[how]();
      await expect(db.query(COUNT)).rejects.toMatchObject(UNAVAILABLE);
      await expect(db.transaction(async () => "begun")).rejects.toMatchObject(UNAVAILABLE);
      end();
      expect(await failure).toMatchObject(UNAVAILABLE);
      await server.start();
      // Every connection of the pool: none that is dead is handed out.
      for (const rows of await Promise.all(Array.from({ length: 12 }, () => db.query(COUNT)))) {
        expect(rows).toEqual([{ n: 0 }]);
      }
      await db.transaction((tx) => tx.query("INSERT INTO notes VALUES (3)"));
      expect(await db.query(COUNT)).toEqual([{ n: 1 }]);
      expect(reported.length).toBeGreaterThan(0);
    },
  );

  test("a server that hangs is unavailable within the deadline, for old connections and new ones", async () => {
    const { outcome, end } = await halfWay();
    const failure = failureOf(outcome);
    await server.pause();
    end();
    const asked = Array.from({ length: 12 }, () => db.query(COUNT));
    const results = await Promise.allSettled([...asked, db.transaction(async (tx) => tx.query(COUNT))]);
    expect(await failure).toMatchObject(UNAVAILABLE);
    for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
    server.resume();
    await expect.poll(() => db.query(COUNT).catch(() => "not yet"), { timeout: 20_000 }).toEqual([{ n: 0 }]);
  });

  test("a statement that takes too long is ended by the server, and the connection goes on", async () => {
    await expect(db.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ ...UNAVAILABLE, cause: { code: "57014" } });
    expect(await db.query(COUNT)).toEqual([{ n: 0 }]);
  });
});

test("a closed embedded database is unavailable, also to a transaction", async () => {
  const db = await openPglite();
  await db.close();
  await db.close();
  await expect(db.query("SELECT 1")).rejects.toMatchObject(UNAVAILABLE);
  await expect(db.script("SELECT 1")).rejects.toMatchObject(UNAVAILABLE);
  await expect(db.transaction(async () => 1)).rejects.toMatchObject(UNAVAILABLE);
});

test("an embedded database in a folder is there again when it is opened again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "strata-pglite-"));
  try {
    const first = await openPglite(folder);
    await first.script("CREATE TABLE notes (n integer); INSERT INTO notes VALUES (7)");
    await first.close();
    const second = await openPglite(folder);
    expect(await second.query("SELECT n FROM notes")).toEqual([{ n: 7 }]);
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a server that is not there is unavailable", async () => {
  const nobody = openPostgres("postgres://shop@127.0.0.1:1/shop", () => undefined);
  await expect(nobody.query("SELECT 1")).rejects.toMatchObject(UNAVAILABLE);
  await expect(nobody.transaction(async () => 1)).rejects.toMatchObject(UNAVAILABLE);
  await nobody.close();
});
