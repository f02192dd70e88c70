// Owns the proof that storage of the log's first version becomes that of this one, with nothing forgotten.
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { type Target, targetHash, targetName } from "../../src/http/target.ts";
import { PurgeLog } from "../../src/purge/log.ts";
import { newLog, purge, read, tag } from "../support/purge-log.ts";

const FIRST_VERSION = `
  CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE target (name TEXT PRIMARY KEY, target TEXT NOT NULL, hard_seq INTEGER NOT NULL, soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL, soft_at_ms INTEGER NOT NULL, changed_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX target_changed ON target (changed_seq);
  INSERT INTO log VALUES (1, 'the-old-one', 7);
`;

it("keeps what the first version knew, also its incarnation: no entry is lost", async () => {
  await runInDurableObject(newLog(), async (_, state) => {
    await state.storage.deleteAll();
    const { sql } = state.storage;
    sql.exec(FIRST_VERSION);
    const targets: readonly Target[] = [
      tag("größe"),
      { kind: "group", value: "a:b" },
      { kind: "prefix", value: "shop.test/é" },
    ];
    for (const target of targets) {
      sql.exec("INSERT INTO target VALUES (?, ?, 3, 5, 4, 123000, 5)", targetName(target), targetHash(target));
    }
    for (let woken = 0; woken < 3; woken++) {
      const log = new PurgeLog(state, {});
      const delta = read(log.since(undefined));
      expect(delta).toMatchObject({ incarnation: "the-old-one", seq: 7 });
      expect(delta.records).toHaveLength(targets.length);
      for (const target of targets) {
        expect(delta.records).toContainEqual({
          target: targetHash(target),
          prefixLength: target.kind === "prefix" ? 11 : 0,
          hardSeq: 3,
          softSeq: 5,
          previousSoftSeq: 4,
          softAtMs: 123_000,
        });
      }
    }
    const answer = await purge(new PurgeLog(state, {}), [tag("größe")]);
    expect(answer.delta.records.find(({ target }) => target === targetHash(tag("größe")))).toMatchObject({
      hardSeq: 8,
      softSeq: 5,
    });
    expect(sql.exec("SELECT * FROM target").toArray()).toHaveLength(targets.length);
    // what was purged at an unknown time counts as purged now: it is not dropped as too old
    const [oldest] = sql.exec<{ at: number }>("SELECT MIN(changed_at_ms) AS at FROM target").toArray();
    expect(Date.now() - (oldest?.at ?? 0)).toBeLessThan(60_000);
  });
});

it("leaves storage of this version alone", async () => {
  await runInDurableObject(newLog(), async (instance: PurgeLog, state) => {
    await purge(instance, ["a"]);
    const before = read(instance.since(undefined));
    expect(read(new PurgeLog(state, {}).since(undefined))).toEqual(before);
    expect(state.storage.sql.exec("SELECT version FROM schema").toArray()).toEqual([{ version: 2 }]);
  });
});
