// Owns the proof that storage of any version, or of none, is never in the way of a purge: kept where the tables can be shared, else dropped as a whole.
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Location } from "../../../src/http/message/facts.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { replicaState } from "../../../src/purge/reader/replica-state.ts";
import { PurgeLog } from "../../../src/purge/log/log.ts";
import { decodeDelta } from "../../../src/purge/wire/delta-codec.ts";
import {
  compactAsTargets,
  epochAsTargets,
  openAsVersion1,
  openAsVersion2,
  openAsVersion3,
  purgeAsVersion2,
  purgeBrowsersAsTargets,
  purgeAsVersion3,
} from "../../support/old-purge-logs.ts";
import { newLog, purge, read, since, sql, tag } from "../../support/purge-log.ts";

const PLACE: Location = { scheme: "https", host: "shop.test", path: "/", query: "" };
const hashOf = (value: string) => targetHash(tag(value));
const NOW = Date.now();

/** Makes storage in the place of the old. */
type Made = (storage: DurableObjectStorage) => void;

const with3 =
  (...statements: readonly string[]): Made =>
  (storage) => {
    openAsVersion3(storage);
    purgeAsVersion3(storage, hashOf("old"), NOW);
    purgeAsVersion3(storage, hashOf("older"), NOW, "key");
    for (const each of statements) storage.sql.exec(each);
  };
const only =
  (...statements: readonly string[]): Made =>
  ({ sql: storage }) => {
    for (const each of statements) storage.exec(each);
  };

/** Shared with what is there. */
const KEPT: Readonly<Record<string, Made>> = {
  "of the release of version 3": with3(),
  "of version 2": (storage) => {
    openAsVersion2(storage);
    for (const value of ["old", "older"]) purgeAsVersion2(storage, hashOf(value), NOW);
  },
  "of version 2, before it had an index of browsers": (storage) => {
    openAsVersion2(storage);
    storage.sql.exec("DROP INDEX target_browsers");
    for (const value of ["old", "older"]) purgeAsVersion2(storage, hashOf(value), NOW);
  },
  "with columns that a later release added, with defaults": with3(
    "ALTER TABLE entry ADD COLUMN colo TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE target ADD COLUMN weight INTEGER",
    "ALTER TABLE idempotency ADD COLUMN answer TEXT",
    "ALTER TABLE floor ADD COLUMN kind INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE log ADD COLUMN born_at_ms INTEGER",
    "ALTER TABLE snapshot ADD COLUMN bytes INTEGER",
    "ALTER TABLE schema ADD COLUMN note TEXT",
  ),
  "with tables and indexes that a later release added": with3(
    "CREATE TABLE lease (id INTEGER PRIMARY KEY, until_ms INTEGER)",
    "INSERT INTO lease VALUES (1, 2)",
    "CREATE INDEX entry_actor ON entry (actor)",
  ),
  "without its indexes": with3("DROP INDEX target_changed", "DROP INDEX target_browsers"),
};

const LATER_TABLES = [
  "CREATE TABLE schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)",
  "INSERT INTO schema VALUES (1, 7)",
  "CREATE TABLE log (id INTEGER PRIMARY KEY, incarnation BLOB NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL)",
  "CREATE TABLE floor (shard INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
  "CREATE TABLE mark (target BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
];

/** Of no use to this version. */
const DROPPED: Readonly<Record<string, Made>> = {
  "of the first version": (storage) => {
    openAsVersion1(storage);
    storage.sql.exec("INSERT INTO target VALUES ('tag:a', '0123456789abcdef', 3, 5, 4, 123000, 5)");
  },
  "of the first version, made under the number 1": (storage) => {
    openAsVersion1(storage);
    only("CREATE TABLE schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)")(storage);
    storage.sql.exec("INSERT INTO schema VALUES (1, 1)");
  },
  "of the next version, with the same tables": with3("UPDATE schema SET version = 4"),
  "of a version skipped to, with other tables": only(...LATER_TABLES),
  "of version 0": with3("UPDATE schema SET version = 0"),
  "of a negative version": with3("UPDATE schema SET version = -3"),
  "of half a version": with3("UPDATE schema SET version = 3.5"),
  "whose version is text": with3("UPDATE schema SET version = 'three'"),
  "whose version is bytes": with3("UPDATE schema SET version = x'03'"),
  "without a version": with3("DELETE FROM schema"),
  "without the table of its version": with3("DROP TABLE schema"),
  "whose version stands in another column": with3("ALTER TABLE schema RENAME COLUMN version TO number"),
  "whose version is a view": with3("DROP TABLE schema", "CREATE VIEW schema AS SELECT 1 AS id, 4 AS version"),
  ...Object.fromEntries(
    ["log", "target", "floor", "entry", "idempotency", "snapshot"].map((table) => [
      `without its table ${table}`,
      with3(`DROP TABLE ${table}`),
    ]),
  ),
  ...Object.fromEntries(
    ["log", "floor", "snapshot"].map((table) => [`without the row of ${table}`, with3(`DELETE FROM ${table}`)]),
  ),
  "half made: a version and nothing else": only(...LATER_TABLES.slice(0, 1), "INSERT INTO schema VALUES (1, 3)"),
  "half made: some tables and no version": only(...LATER_TABLES.slice(2, 4)),
  "of version 2 by its number, without its tables": only(
    ...LATER_TABLES.slice(0, 1),
    "INSERT INTO schema VALUES (1, 2)",
  ),
  "of version 2 by its number, with the column that this one adds": with3("UPDATE schema SET version = 2"),
  "lacking a column": with3("ALTER TABLE entry DROP COLUMN request_id"),
  "with a column that must be given": with3(
    "DROP TABLE entry",
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, purged_at_ms INTEGER NOT NULL, characters INTEGER NOT NULL, actor TEXT NOT NULL, mode TEXT NOT NULL, asked TEXT NOT NULL, targets TEXT NOT NULL, request_id TEXT NOT NULL, colo TEXT NOT NULL)",
  ),
  "with a view in the place of a table": with3("DROP TABLE entry", "CREATE VIEW entry AS SELECT 1 AS seq"),
  "with a trigger that takes no purge": with3(
    "CREATE TRIGGER refuse BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'not by this version'); END",
  ),
  "whose number is text": with3("UPDATE log SET seq = 'many'"),
  "whose number is negative": with3("UPDATE log SET seq = -1"),
  "whose number is beyond what numbers hold": with3("UPDATE log SET seq = 9007199254740993"),
  "whose number was set back": with3("UPDATE log SET seq = 0"),
  "whose incarnation is empty": with3("UPDATE log SET incarnation = ''"),
  "whose incarnation is longer than readers take": with3(`UPDATE log SET incarnation = '${"x".repeat(200)}'`),
  "whose floor is text": with3("UPDATE floor SET soft_at_ms = 'noon'"),
  "whose floor is negative": with3("UPDATE floor SET seq = -1"),
  "of another program": only('CREATE TABLE "we""ird; name" (a)', "CREATE VIEW v AS SELECT 1", "CREATE TABLE [x y] (b)"),
  "with tables that refer to each other": only(
    ...LATER_TABLES,
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (id))",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (1, 1)",
    "CREATE TRIGGER keep BEFORE DELETE ON parent BEGIN SELECT RAISE(ABORT, 'kept'); END",
  ),
  "with a virtual table": only(...LATER_TABLES, "CREATE VIRTUAL TABLE words USING fts5(word)"),
};

function storedIn(incarnation: string, seq: number, value: string) {
  return { targets: [hashOf(value)], fence: { incarnation, seq } };
}

/** Everything the log does, on the storage as it is now. */
async function works(state: DurableObjectState): Promise<{ readonly incarnation: string; readonly seq: number }> {
  const written: Uint8Array[] = [];
  const bindings = {
    STRATA_KV: { put: (_: string, value: Uint8Array) => Promise.resolve(void written.push(value)) },
    STRATA_PURGE_TARGETS: "4",
  };
  const log = new PurgeLog(state, bindings);
  const known = replicaState(Math.random);
  known.learn(read(log.since(undefined)));
  const first = await purge(log, ["a"], "hard", known.cursor(), { idempotencyKey: "k", requestId: "r-1" });
  const again = await purge(log, ["a"], "hard", known.cursor(), { idempotencyKey: "k" });
  expect(again.outcome).toMatchObject({ kind: "purged", seq: first.seq, replayed: true });
  expect((await purge(log, ["b"], "hard", known.cursor(), { idempotencyKey: "k" })).outcome.kind).toBe("conflict");
  known.learn(first.delta);
  const { incarnation } = first.delta;
  expect(known.stateOf(storedIn(incarnation, first.seq - 1, "a"), PLACE)).toMatchObject({ state: "gone" });
  expect(known.stateOf(storedIn(incarnation, first.seq, "a"), PLACE)).toEqual({ state: "clear" });
  expect(log.history(undefined, 1)).toMatchObject([{ seq: first.seq, actor: "test", requestId: "r-1" }]);
  // beyond its cap it forgets, under a floor
  for (const value of ["c", "d", "e", "f", "g"]) await purge(log, [value], "soft");
  await purge(log, [{ kind: "browsers", value: "shop.test" }]);
  const whole = read(log.since(undefined));
  expect(whole.floor.seq).toBeGreaterThan(0);
  // the alarm that stands may have gone off meanwhile
  state.storage.sql.exec("UPDATE snapshot SET written_at_ms = 0");
  await new PurgeLog(state, bindings).alarm();
  expect(decodeDelta(written.at(-1) ?? new Uint8Array())).toEqual(whole);
  // and so it stays
  const next = new PurgeLog(state, bindings);
  expect(read(next.since(undefined))).toEqual(whole);
  expect((await purge(next, ["z"])).seq).toBe(whole.seq + 1);
  expect(next.history(undefined, 500).map(({ seq }) => seq)[0]).toBe(whole.seq + 1);
  return { incarnation, seq: first.seq };
}

async function made(by: Made, run: (state: DurableObjectState) => Promise<void>): Promise<void> {
  await runInDurableObject(newLog(), async (_, state) => {
    await state.storage.deleteAll();
    by(state.storage);
    await run(state);
  });
}

describe("storage is kept, with all that it knew,", () => {
  it.each(Object.entries(KEPT))("%s", (_, by) =>
    made(by, async (state) => {
      const before = state.storage.sql.exec<{ incarnation: string }>("SELECT incarnation FROM log").one().incarnation;
      const known = replicaState(Math.random);
      known.learn(read(new PurgeLog(state, {}).since(undefined)));
      expect(known.cursor()).toEqual({ incarnation: before, seq: 2 });
      expect(known.stateOf(storedIn(before, 0, "old"), PLACE)).toMatchObject({ state: "gone" });
      expect(new PurgeLog(state, {}).history(undefined, 9).map(({ seq }) => seq)).toEqual([2, 1]);
      expect(await works(state)).toEqual({ incarnation: before, seq: 3 });
      expect(state.storage.sql.exec("SELECT version FROM schema").one()).toEqual({ version: 3 });
    }),
  );
});

describe("storage becomes that of another log", () => {
  it.each(Object.entries(DROPPED))("%s", (_, by) =>
    made(by, async (state) => {
      const tables =
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";
      const { incarnation, seq } = await works(state);
      expect(seq).toBe(1);
      expect(incarnation).toMatch(/^[\da-f-]{36}$/);
      const fresh = (storage: SqlStorage) => storage.exec<{ name: string }>(`${tables} ORDER BY name`).toArray();
      const there = fresh(state.storage.sql);
      // nothing of what was there is left
      await made(
        () => undefined,
        async (other) => {
          void new PurgeLog(other, {});
          expect(there).toEqual(fresh(other.storage.sql));
        },
      );
    }),
  );

  it("a record stored under the one before is unusable", () =>
    made(DROPPED["of the next version, with the same tables"] ?? with3(), async (state) => {
      const before = state.storage.sql.exec<{ incarnation: string }>("SELECT incarnation FROM log").one().incarnation;
      const known = replicaState(Math.random);
      known.learn(read(new PurgeLog(state, {}).since({ incarnation: before, seq: 2 })));
      expect(known.stateOf(storedIn(before, 99, "never purged"), PLACE)).toEqual({
        state: "gone",
        reason: "purge-log-changed",
      });
    }));

  it("an alarm is set: the snapshot in KV is of a log that is gone", () =>
    made(DROPPED["of a version skipped to, with other tables"] ?? with3(), async (state) => {
      void new PurgeLog(state, { STRATA_KV: { put: () => Promise.resolve() } });
      expect(await state.storage.getAlarm()).not.toBeNull();
    }));
});

describe("old code and new on one object", () => {
  const turn = fc.record({
    code: fc.constantFrom("this one", "version 3", "a later one that adds to version 3"),
    tag: fc.constantFrom("a", "b", "c"),
    twice: fc.boolean(),
  });

  /** As this version's code with what a later one may add: a table, and a column once version 3's release is gone. */
  function openAsLater({ sql: storage }: DurableObjectStorage, mayAddColumns: boolean): void {
    storage.exec("CREATE TABLE IF NOT EXISTS later (id INTEGER PRIMARY KEY)");
    const columns = storage.exec("SELECT name FROM pragma_table_info('entry') WHERE name = 'later'").toArray();
    if (!mayAddColumns || columns.length > 0) return;
    storage.exec("ALTER TABLE entry ADD COLUMN later TEXT NOT NULL DEFAULT ''");
  }

  it("in turn, however often: no purge is refused, none is forgotten, and it stays one log", async () => {
    const seen = new Map<string, number>();
    const property = fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 12 }), (turns) =>
      made(openAsVersion3, async (state) => {
        const known = replicaState(Math.random);
        known.learn(read(new PurgeLog(state, {}).since(undefined)));
        const incarnation = known.cursor()?.incarnation ?? "";
        const isOldGone = turns.every(({ code }) => code !== "version 3");
        let seq = 0;
        async function purgeBy(code: string, value: string): Promise<number> {
          if (code === "version 3") {
            openAsVersion3(state.storage);
            return purgeAsVersion3(state.storage, hashOf(value), NOW, `key-${String(seq)}`);
          }
          if (code !== "this one") openAsLater(state.storage, isOldGone);
          return (await purge(new PurgeLog(state, {}), [value])).seq;
        }
        for (const { code, tag: value } of turns.flatMap((each) => (each.twice ? [each, each] : [each]))) {
          seen.set(code, (seen.get(code) ?? 0) + 1);
          seq += 1;
          expect(await purgeBy(code, value)).toBe(seq);
          known.learn(read(new PurgeLog(state, {}).since(known.cursor())));
          expect(known.cursor()).toEqual({ incarnation, seq });
          expect(known.stateOf(storedIn(incarnation, seq - 1, value), PLACE)).toMatchObject({ state: "gone" });
        }
        expect(new PurgeLog(state, {}).history(undefined, 500)).toHaveLength(seq);
      }),
    );
    await fc.assert(property, { numRuns: 40 });
    expect([...seen.values()].every((count) => count > 20)).toBe(true);
  });

  it("that share nothing, in turn: each drops what the other left, every purge is taken, and nothing older is usable", () =>
    made(with3(), async (state) => {
      const incarnations = new Set<string>();
      for (let i = 0; i < 5; i++) {
        // as a later version would: all of it goes
        const tables = state.storage.sql.exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
        );
        for (const { name } of tables.toArray()) state.storage.sql.exec(`DROP TABLE ${name}`);
        only(...LATER_TABLES)(state.storage);
        const { seq, delta } = await purge(new PurgeLog(state, {}), ["a"]);
        expect(seq).toBe(1);
        expect(incarnations).not.toContain(delta.incarnation);
        incarnations.add(delta.incarnation);
      }
    }));

  it("version 2, which refuses storage of version 3, leaves it as it is", () =>
    made(with3(), async (state) => {
      const before = read(new PurgeLog(state, {}).since(undefined));
      for (let i = 0; i < 3; i++) {
        expect(() => {
          openAsVersion2(state.storage);
        }).toThrow(/already exists/);
        expect(read(new PurgeLog(state, {}).since(undefined))).toEqual(before);
      }
    }));
});

describe("purges of browsers, which the release before keeps among the targets,", () => {
  const HOSTS = ["a.test", "b.test", "c.test", "d.test"];
  const browsersOf = (value: string) => ({ kind: "browsers", value }) as const;
  const ALL = targetHash(browsersOf(""));
  const before = (state: DurableObjectState, host: string): number =>
    epochAsTargets(state.storage, [targetHash(browsersOf(host)), ALL]);
  /** As a reader that knew nothing learns it from this version. */
  function cold(log: PurgeLog) {
    const known = replicaState(Math.random);
    known.learn(read(log.since(undefined)));
    return known;
  }

  it("are known to this version, which adds to them", () =>
    made(with3(), async (state) => {
      purgeBrowsersAsTargets(state.storage, targetHash(browsersOf("a.test")), NOW - 5000);
      const log = new PurgeLog(state, {});
      const second = Math.floor((NOW - 5000) / 1000);
      expect(cold(log).browserEpoch("a.test")).toBe(second);
      expect(cold(log).browserEpoch("b.test")).toBeUndefined();
      await purge(log, [browsersOf("b.test")]);
      expect(cold(log).browserEpoch("a.test")).toBe(second);
      expect(cold(log).browserEpoch("b.test")).toBeGreaterThan(second);
    }));

  it("are known to it after a rollback, those of this version with them", () =>
    made(with3(), async (state) => {
      purgeBrowsersAsTargets(state.storage, targetHash(browsersOf("a.test")), NOW - 5000);
      const log = new PurgeLog(state, {});
      await purge(log, [browsersOf("b.test"), browsersOf("")]);
      for (const host of HOSTS) expect(before(state, host)).toBe(cold(log).browserEpoch(host));
      expect(before(state, "a.test")).toBeGreaterThanOrEqual(Math.floor(NOW / 1000));
    }));

  it("are none of the targets that this version bounds", () =>
    made(with3(), async (state) => {
      for (const host of HOSTS) purgeBrowsersAsTargets(state.storage, targetHash(browsersOf(host)), NOW);
      const log = new PurgeLog(state, { STRATA_PURGE_TARGETS: "3" });
      const { delta } = await purge(log, ["new"]);
      expect(delta.floor.seq).toBe(0);
      expect(delta.browsers).toHaveLength(HOSTS.length);
    }));

  const host = fc.constantFrom(...HOSTS, "");
  const turn = fc.oneof(
    { weight: 3, arbitrary: fc.record({ by: fc.constant("this one" as const), host }) },
    { weight: 3, arbitrary: fc.record({ by: fc.constant("the one before" as const), host }) },
    { weight: 2, arbitrary: fc.record({ by: fc.constant("this one, of tags" as const), host }) },
    { weight: 1, arbitrary: fc.record({ by: fc.constant("the one before, which compacts" as const), host }) },
  );

  it("are known to both, whoever takes them, however often they take turns and forget other things", async () => {
    let forgot = 0;
    const property = fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 25 }), (turns) =>
      made(openAsVersion3, async (state) => {
        vi.useFakeTimers({ toFake: ["Date"], now: NOW });
        try {
          const open = () => new PurgeLog(state, { STRATA_PURGE_TARGETS: "2" });
          const due = new Map<string, number>();
          for (const [index, { by, host: value }] of turns.entries()) {
            vi.setSystemTime(NOW + index * 700);
            const nowMs = Date.now();
            if (by === "this one") await purge(open(), [browsersOf(value)]);
            else if (by === "this one, of tags") await purge(open(), [`tag ${String(index)}`]);
            else if (by === "the one before")
              purgeBrowsersAsTargets(state.storage, targetHash(browsersOf(value)), nowMs);
            else compactAsTargets(state.storage, index, ALL, nowMs);
            if (by === "this one" || by === "the one before") {
              for (const each of value === "" ? HOSTS : [value]) due.set(each, Math.floor(nowMs / 1000));
            }
            for (const each of HOSTS) expect(before(state, each)).toBeGreaterThanOrEqual(due.get(each) ?? 0);
            const known = cold(open());
            for (const each of HOSTS) expect(known.browserEpoch(each) ?? 0).toBeGreaterThanOrEqual(due.get(each) ?? 0);
          }
          if (read(open().since(undefined)).floor.seq > 0) forgot += 1;
        } finally {
          vi.useRealTimers();
        }
      }),
    );
    await fc.assert(property, { numRuns: 60 });
    // many of the histories did, not all of them by one accident
    expect(forgot).toBeGreaterThan(5);
  });
});

describe("through the object itself", () => {
  it.each(Object.entries({ ...KEPT, ...DROPPED }))("storage %s: purges are taken after a restart", async (_, by) => {
    const log = newLog();
    await runInDurableObject(log, async (_instance, state) => {
      await state.storage.deleteAll();
      by(state.storage);
    });
    await evictDurableObject(log);
    const { seq, delta } = await purge(log, ["a"]);
    expect(seq).toBeGreaterThan(0);
    const known = replicaState(Math.random);
    known.learn(await since(log));
    expect(known.stateOf(storedIn(delta.incarnation, seq - 1, "a"), PLACE)).toMatchObject({ state: "gone" });
    expect((await log.history(undefined, 5))[0]).toMatchObject({ seq });
  });

  it.each(["entry", "target", "floor", "log", "idempotency"])(
    "a table that goes while it runs, %s, is no reason to refuse a purge",
    async (table) => {
      const log = newLog();
      const before = await purge(log, ["a"]);
      await sql(log, (storage) => storage.exec(`DROP TABLE ${table}`));
      const after = await purge(log, ["b"], "hard", undefined, { idempotencyKey: "k" });
      expect(after.seq).toBe(1);
      expect(after.delta.incarnation).not.toBe(before.delta.incarnation);
      expect((await purge(log, ["c"])).seq).toBe(2);
      expect((await since(log)).records).toHaveLength(2);
      await sql(log, (storage) => storage.exec("DROP TABLE entry"));
      expect(await log.history(undefined, 9)).toEqual([]);
      expect((await since(log)).incarnation).not.toBe(after.delta.incarnation);
    },
  );
});
