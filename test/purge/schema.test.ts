// Owns the proof that storage of the log's first version is told from that of this one, which is left alone.
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { PurgeLog } from "../../src/purge/log.ts";
import { newLog, purge, read } from "../support/purge-log.ts";

const FIRST_VERSION = `
  CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE target (name TEXT PRIMARY KEY, target TEXT NOT NULL, hard_seq INTEGER NOT NULL, soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL, soft_at_ms INTEGER NOT NULL, changed_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX target_changed ON target (changed_seq);
  INSERT INTO log VALUES (1, 'the-old-one', 7);
`;

it("of the first version, which knew targets by other hashes, becomes another log: what was stored by it is fetched anew", async () => {
  await runInDurableObject(newLog(), async (_, state) => {
    await state.storage.deleteAll();
    const { sql } = state.storage;
    sql.exec(FIRST_VERSION);
    sql.exec("INSERT INTO target VALUES ('tag:a', '0123456789abcdef', 3, 5, 4, 123000, 5)");
    const { incarnation } = read(new PurgeLog(state, {}).since({ incarnation: "the-old-one", seq: 7 }));
    expect(incarnation).not.toBe("the-old-one");
    // and stays it
    const delta = read(new PurgeLog(state, {}).since({ incarnation: "the-old-one", seq: 7 }));
    expect(delta).toMatchObject({ incarnation, seq: 0, from: 0, records: [] });
    expect((await purge(new PurgeLog(state, {}), ["a"])).seq).toBe(1);
  });
});

it("leaves storage of this version alone", async () => {
  await runInDurableObject(newLog(), async (instance: PurgeLog, state) => {
    await purge(instance, ["a"]);
    const before = read(instance.since(undefined));
    expect(read(new PurgeLog(state, {}).since(undefined))).toEqual(before);
    expect(state.storage.sql.exec("SELECT version FROM schema").toArray()).toEqual([{ version: 3 }]);
  });
});

it("keeps what the version before wrote, and only adds to it", async () => {
  await runInDurableObject(newLog(), async (instance: PurgeLog, state) => {
    await purge(instance, ["a"]);
    const { sql } = state.storage;
    sql.exec("ALTER TABLE entry DROP COLUMN request_id");
    sql.exec("UPDATE schema SET version = 2");
    const before = read(instance.since(undefined));
    const next = new PurgeLog(state, {});
    expect(read(next.since(undefined))).toEqual(before);
    expect(next.history(undefined, 10).map(({ requestId }) => requestId)).toEqual([undefined]);
    const order = { targets: [], mode: "hard", actor: "token a", asked: [], requestId: "of-the-shop" } as const;
    await next.purge({ order, since: undefined });
    expect(new PurgeLog(state, {}).history(undefined, 1)).toMatchObject([{ requestId: "of-the-shop" }]);
  });
});
