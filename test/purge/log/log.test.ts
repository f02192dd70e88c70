// Owns the proof that the purge log is one row per target, numbered, with deltas that miss nothing, and survives restarts.
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { PurgeMode } from "../../../src/http/targets/purge-order.ts";
import { type Target, targetHash } from "../../../src/http/targets/target.ts";
import type { PurgeLog } from "../../../src/purge/log/log.ts";
import { type Cursor, type Delta, mergedMarks, NO_FLOOR, type PurgeRecord } from "../../../src/purge/wire/records.ts";
import { type Log, newLog, purge, rows, since, sql, tag } from "../../support/purge-log.ts";

const recordOf = (delta: Delta, target: Target | string): PurgeRecord | undefined => {
  const hash = targetHash(typeof target === "string" ? tag(target) : target);
  return delta.records.find((record) => record.target === hash);
};

describe("purge log", () => {
  it("starts empty at 0, with a name of its own", async () => {
    const [a, b] = [await since(newLog()), await since(newLog())];
    expect(a).toMatchObject({ seq: 0, from: 0, floor: NO_FLOOR, records: [] });
    expect(a.incarnation).not.toBe(b.incarnation);
    expect(a.incarnation.length).toBeGreaterThan(8);
  });

  it("has one row per target, whatever the number of purges", async () => {
    const log = newLog();
    for (let i = 0; i < 30; i++) await purge(log, ["a", "b"], i % 2 ? "hard" : "soft");
    expect(await rows(log)).toBe(2);
    expect((await since(log)).seq).toBe(30);
  });

  it("numbers commands one by one, all targets of one command alike", async () => {
    const log = newLog();
    expect((await purge(log, ["a"])).seq).toBe(1);
    const { seq, delta } = await purge(log, ["b", "c"]);
    expect(seq).toBe(2);
    expect(["a", "b", "c"].map((value) => recordOf(delta, value)?.hardSeq)).toEqual([1, 2, 2]);
  });

  it("never gives two commands the same number", async () => {
    const log = newLog();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => purge(log, [`t${String(i)}`])));
    expect(new Set(answers.map(({ seq }) => seq)).size).toBe(50);
    expect(await rows(log)).toBe(50);
  });

  it("remembers of soft purges the last, the one before, and when the last was", async () => {
    const log = newLog();
    const before = Date.now();
    await purge(log, ["a"], "soft");
    const first = recordOf(await since(log), "a");
    expect(first).toMatchObject({ hardSeq: 0, softSeq: 1, previousSoftSeq: 0 });
    // in whole seconds, never later than it was
    expect(first?.softAtMs).toBeGreaterThan(before - 1000);
    expect(first?.softAtMs).toBeLessThanOrEqual(Date.now());
    await purge(log, ["a"], "soft");
    expect(recordOf(await since(log), "a")).toMatchObject({ hardSeq: 0, softSeq: 2, previousSoftSeq: 1 });
  });

  it("lets no soft purge hide a hard one, nor a hard one a soft one", async () => {
    const log = newLog();
    await purge(log, ["a"], "hard");
    await purge(log, ["a"], "soft");
    expect(recordOf(await since(log), "a")).toMatchObject({ hardSeq: 1, softSeq: 2, previousSoftSeq: 0 });
    await purge(log, ["a"], "hard");
    expect(recordOf(await since(log), "a")).toMatchObject({ hardSeq: 3, softSeq: 2 });
  });

  it("compares tags by case", async () => {
    const log = newLog();
    await purge(log, ["A", "a"]);
    expect(await rows(log)).toBe(2);
  });

  it("tells a reader only what it lacks, and one of another log everything", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const { incarnation, seq } = await since(log);
    await purge(log, ["b"]);
    const delta = await since(log, { incarnation, seq });
    expect(delta.records.map(({ target }) => target)).toEqual([targetHash(tag("b"))]);
    expect((await since(log, { incarnation, seq: delta.seq })).records).toEqual([]);
    expect((await since(log, { incarnation: "another", seq: 99 })).records).toHaveLength(2);
  });

  it("answers a purge with what the caller lacks, its own purge among it", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const { incarnation, seq } = await since(log);
    await purge(log, ["b"]);
    const answer = await purge(log, ["c"], "hard", { incarnation, seq });
    expect(answer.delta.seq).toBe(answer.seq);
    const expected = [targetHash(tag("b")), targetHash(tag("c"))].sort();
    expect(answer.delta.records.map(({ target }) => target).sort()).toEqual(expected);
  });

  it("takes 1,000 targets at once", async () => {
    const log = newLog();
    const { delta } = await purge(
      log,
      Array.from({ length: 1000 }, (_, i) => `t${String(i)}`),
    );
    expect(delta).toMatchObject({ seq: 1 });
    expect(delta.records).toHaveLength(1000);
  });

  it("keeps values that are not ASCII, and quotes, as they are", async () => {
    const log = newLog();
    const values = ["größe", "'; DROP TABLE target; --", "日本", "a\u0000b"];
    const { delta } = await purge(log, values);
    for (const value of values) expect(recordOf(delta, value)?.hardSeq).toBe(1);
    expect(await rows(log)).toBe(values.length);
  });

  it("keeps targets of every kind apart, and says how long a prefix is", async () => {
    const log = newLog();
    const stored: readonly Target[] = [
      ...(["tag", "group", "url", "path", "prefix", "host"] as const).map((kind) => ({ kind, value: "größe/a" })),
      { kind: "everything", value: "" },
    ];
    const browsers: Target = { kind: "browsers", value: "größe/a" };
    const { delta } = await purge(log, [...stored, browsers]);
    for (const target of stored) {
      expect(recordOf(delta, target)).toMatchObject({ hardSeq: 1, prefixLength: target.kind === "prefix" ? 7 : 0 });
    }
    expect(delta.records).toHaveLength(stored.length);
    expect(delta.browsers).toMatchObject([{ target: targetHash(browsers), seq: 1 }]);
    expect(await rows(log, "target WHERE NOT is_browsers")).toBe(stored.length);
    expect(await rows(log, "browsers")).toBe(1);
  });

  it("does not lose a prefix to another target with its hash", async () => {
    const log = newLog();
    await purge(log, [{ kind: "prefix", value: "/products/" }]);
    await sql(log, (storage) => storage.exec("UPDATE target SET target = ?", targetHash(tag("a"))));
    expect(recordOf((await purge(log, ["a"])).delta, "a")).toMatchObject({ hardSeq: 2, prefixLength: 10 });
  });

  it("clears browsers at once whatever the mode: they know no stale", async () => {
    const browsers: Target = { kind: "browsers", value: "shop.test" };
    const { delta } = await purge(newLog(), ["a", browsers], "soft");
    expect(delta.browsers).toMatchObject([{ target: targetHash(browsers), seq: 1 }]);
    expect(recordOf(delta, "a")).toMatchObject({ hardSeq: 0, softSeq: 1 });
  });

  describe("purges of browsers are told apart by their second, which is all that browsers remember", () => {
    const MS = 1.8e12;
    const timesOf = async (log: Log, orders: readonly (readonly [host: string, atMs: number])[]): Promise<number[]> => {
      const clock = vi.spyOn(Date, "now");
      try {
        return await orders.reduce<Promise<number[]>>(async (earlier, [value, atMs]) => {
          const times = await earlier;
          clock.mockReturnValue(MS + atMs);
          const browsers: Target = { kind: "browsers", value };
          const { delta } = await purge(log, [browsers]);
          const told = delta.browsers.find(({ target }) => target === targetHash(browsers));
          return [...times, (told?.epoch ?? 0) * 1000 - MS];
        }, Promise.resolve([]));
      } finally {
        clock.mockRestore();
      }
    };

    it("however many there are, none lies ahead: until then no browser would be told", async () => {
      const orders = Array.from({ length: 100 }, (_, i) => [["a.test", "b.test", ""][i % 3] ?? "", 500 + i] as const);
      expect(new Set(await timesOf(newLog(), orders))).toEqual(new Set([0]));
    });

    it.each<[string, readonly (readonly [host: string, atMs: number])[], readonly number[]]>([
      [
        "a later second",
        [
          ["a.test", 900],
          ["a.test", 1000],
        ],
        [0, 1000],
      ],
      [
        "back within the second: who obeyed the first obeys the second",
        [
          ["a.test", 900],
          ["a.test", 300],
        ],
        [0, 1000],
      ],
      [
        "back for long",
        [
          ["a.test", 9000],
          ["a.test", 0],
          ["a.test", 1],
        ],
        [9000, 10_000, 11_000],
      ],
      [
        "back, of all hosts after one",
        [
          ["a.test", 9000],
          ["b.test", 0],
          ["", 1],
        ],
        [9000, 0, 10_000],
      ],
      [
        "back, of one host after all",
        [
          ["", 9000],
          ["b.test", 0],
        ],
        [9000, 10_000],
      ],
      [
        "back, of another host: its cookie is its own",
        [
          ["a.test", 9000],
          ["b.test", 0],
        ],
        [9000, 0],
      ],
      [
        "back, within the latest of several of one second",
        [
          ["a.test", 900],
          ["b.test", 200],
          ["", 300],
        ],
        [0, 0, 1000],
      ],
    ])("%s", async (_, orders, expected) => {
      expect(await timesOf(newLog(), orders)).toEqual(expected);
    });
  });

  it.each<[string, Target["kind"], number]>([
    ["tags", "tag", 0],
    ["browsers", "browsers", 0],
    ["tags, where older ones go", "tag", 31],
    ["browsers, where older ones go", "browsers", 31],
  ])("reads a few rows for each target, whatever it remembers: %s", async (_, kind, days) => {
    const log = newLog();
    await sql(log, (storage) => {
      storage.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO target SELECT printf('%016x', i), 0, 0, i, 0, 0, 0, i, ? FROM n`,
        Date.now(),
      );
      storage.exec("UPDATE target SET changed_at_ms = 0 WHERE changed_seq <= ?", days);
      storage.exec("UPDATE log SET seq = 20000");
    });
    const { incarnation, seq } = await since(log);
    await runInDurableObject(log, async (instance: PurgeLog, { storage }) => {
      const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
      const exec = storage.sql.exec.bind(storage.sql);
      vi.spyOn(storage.sql, "exec").mockImplementation((query: string, ...bindings: unknown[]) => {
        const cursor = exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      });
      const targets = Array.from({ length: 50 }, (__, i): Target => ({ kind, value: `${String(i)}.test` }));
      await purge(instance, targets, "hard", { incarnation, seq });
      vi.restoreAllMocks();
      expect(cursors.length).toBeGreaterThan(50);
      expect(cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBeLessThan(2500);
    });
  });

  it("takes all targets of an order or none", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const before = await since(log);
    await sql(log, (storage) => {
      storage.exec("CREATE TRIGGER refuse BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no room'); END");
    });
    await expect(runInDurableObject(log, (instance: PurgeLog) => purge(instance, ["b", "a"]))).rejects.toThrow(
      /no room/,
    );
    expect(await since(log)).toEqual(before);
    await sql(log, (storage) => storage.exec("DROP TRIGGER refuse"));
    expect((await purge(log, ["c"])).seq).toBe(2);
    expect(await rows(log)).toBe(2);
  });

  it("survives eviction", async () => {
    const log = newLog();
    await purge(log, ["a"], "soft");
    await purge(log, ["b"]);
    const before = await since(log);
    await evictDurableObject(log);
    expect(await since(log)).toEqual(before);
    expect((await purge(log, ["c"])).seq).toBe(3);
  });

  it("is another log when it has lost its storage", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const before = await since(log);
    await runInDurableObject(log, (_, state) => state.storage.deleteAll());
    await evictDurableObject(log);
    const after = await since(log, { incarnation: before.incarnation, seq: before.seq });
    expect(after).toMatchObject({ seq: 0, records: [] });
    expect(after.incarnation).not.toBe(before.incarnation);
  });

  it("does not tell a reader that is ahead of it that all is well: it was set back to an earlier state", async () => {
    const log = newLog();
    for (const value of ["a", "b", "c"]) await purge(log, [value]);
    const { incarnation, seq } = await since(log);
    await sql(log, (storage) => {
      storage.exec("UPDATE log SET seq = 1");
      storage.exec("DELETE FROM target WHERE changed_seq > 1");
    });
    // entries with the reader's fence would outrank every purge to come
    expect((await since(log, { incarnation, seq })).incarnation).not.toBe(incarnation);
  });

  it("is another log to all who ask from then on, at the same number, too", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const { incarnation, seq } = await since(log);
    const { incarnation: next } = await since(log, { incarnation, seq: seq + 1 });
    expect(next).not.toBe(incarnation);
    expect(await since(log)).toMatchObject({ incarnation: next, seq });
    expect((await since(log, { incarnation, seq })).incarnation).toBe(next);
  });

  it("misses nothing: a reader that follows by deltas knows what one that asks for all knows", async () => {
    const step = fc.oneof(
      fc.record({
        tags: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 3 }),
        mode: fc.constantFrom<PurgeMode>("hard", "soft"),
      }),
      fc.constant("read" as const),
      fc.constant("evict" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const log = newLog();
        const known = new Map<string, PurgeRecord>();
        let cursor: Cursor | undefined;
        const read = async (): Promise<void> => {
          const { incarnation, seq, records } = await since(log, cursor);
          cursor = { incarnation, seq };
          for (const record of records) {
            known.set(record.target, { ...record, ...mergedMarks(known.get(record.target), record) });
          }
        };
        for (const s of steps) {
          if (s === "read") await read();
          else if (s === "evict") {
            // only what runs can be evicted
            await since(log, cursor);
            await evictDurableObject(log);
          } else await purge(log, s.tags, s.mode);
        }
        await read();
        const all = await since(log);
        expect(cursor?.seq).toBe(all.seq);
        expect([...known.values()].sort(byTarget)).toEqual([...all.records].sort(byTarget));
      }),
      { numRuns: 25 },
    );
  });
});

function byTarget(a: PurgeRecord, b: PurgeRecord): number {
  return a.target < b.target ? -1 : 1;
}
