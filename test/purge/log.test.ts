// Owns the proof that the purge log is one row per target, numbered, with deltas that miss nothing, and survives restarts.
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Target, targetHash } from "../../src/http/target.ts";
import type { PurgeLog } from "../../src/purge/log.ts";
import { type Cursor, type Delta, mergedRecord, type PurgeMode, type PurgeRecord } from "../../src/purge/records.ts";

type Log = DurableObjectStub<PurgeLog>;

let counter = 0;
function newLog(): Log {
  counter += 1;
  return env.STRATA_PURGE_LOG.getByName(`log-${String(counter)}`);
}

const tag = (value: string): Target => ({ kind: "tag", value });
const purge = (log: Log, tags: readonly string[], mode: PurgeMode = "hard", since?: Cursor) =>
  log.purge({ targets: tags.map(tag), mode, since });
const rows = (log: Log): Promise<number> =>
  runInDurableObject(log, (_, state) => state.storage.sql.exec("SELECT * FROM target").toArray().length);
const recordOf = (delta: Delta, value: string): PurgeRecord | undefined =>
  delta.records.find(({ target }) => target === targetHash(tag(value)));

describe("purge log", () => {
  it("starts empty at 0, with a name of its own", async () => {
    const [a, b] = [await newLog().since(undefined), await newLog().since(undefined)];
    expect(a).toMatchObject({ seq: 0, records: [] });
    expect(a.incarnation).not.toBe(b.incarnation);
    expect(a.incarnation.length).toBeGreaterThan(8);
  });

  it("has one row per target, whatever the number of purges", async () => {
    const log = newLog();
    for (let i = 0; i < 30; i++) await purge(log, ["a", "b"], i % 2 ? "hard" : "soft");
    expect(await rows(log)).toBe(2);
    expect((await log.since(undefined)).seq).toBe(30);
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
    const first = recordOf(await log.since(undefined), "a");
    expect(first).toMatchObject({ hardSeq: 0, softSeq: 1, previousSoftSeq: 0 });
    expect(first?.softAtMs).toBeGreaterThanOrEqual(before);
    expect(first?.softAtMs).toBeLessThanOrEqual(Date.now());
    await purge(log, ["a"], "soft");
    expect(recordOf(await log.since(undefined), "a")).toMatchObject({ hardSeq: 0, softSeq: 2, previousSoftSeq: 1 });
  });

  it("lets no soft purge hide a hard one, nor a hard one a soft one", async () => {
    const log = newLog();
    await purge(log, ["a"], "hard");
    await purge(log, ["a"], "soft");
    expect(recordOf(await log.since(undefined), "a")).toMatchObject({ hardSeq: 1, softSeq: 2, previousSoftSeq: 0 });
    await purge(log, ["a"], "hard");
    expect(recordOf(await log.since(undefined), "a")).toMatchObject({ hardSeq: 3, softSeq: 2 });
  });

  it("compares tags by case", async () => {
    const log = newLog();
    await purge(log, ["A", "a"]);
    expect(await rows(log)).toBe(2);
  });

  it("tells a reader only what it lacks, and one of another log everything", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const { incarnation, seq } = await log.since(undefined);
    await purge(log, ["b"]);
    const delta = await log.since({ incarnation, seq });
    expect(delta.records.map(({ target }) => target)).toEqual([targetHash(tag("b"))]);
    expect((await log.since({ incarnation, seq: delta.seq })).records).toEqual([]);
    expect((await log.since({ incarnation: "another", seq: 99 })).records).toHaveLength(2);
  });

  it("answers a purge with what the caller lacks, its own purge among it", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const { incarnation, seq } = await log.since(undefined);
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

  it("survives eviction", async () => {
    const log = newLog();
    await purge(log, ["a"], "soft");
    await purge(log, ["b"]);
    const before = await log.since(undefined);
    await evictDurableObject(log);
    expect(await log.since(undefined)).toEqual(before);
    expect((await purge(log, ["c"])).seq).toBe(3);
  });

  it("is another log when it has lost its storage", async () => {
    const log = newLog();
    await purge(log, ["a"]);
    const before = await log.since(undefined);
    await runInDurableObject(log, (_, state) => state.storage.deleteAll());
    await evictDurableObject(log);
    const after = await log.since({ incarnation: before.incarnation, seq: before.seq });
    expect(after).toMatchObject({ seq: 0, records: [] });
    expect(after.incarnation).not.toBe(before.incarnation);
  });

  it("does not tell a reader that is ahead of it that all is well: it was set back to an earlier state", async () => {
    const log = newLog();
    for (const value of ["a", "b", "c"]) await purge(log, [value]);
    const { incarnation, seq } = await log.since(undefined);
    await runInDurableObject(log, (_, state) => {
      state.storage.sql.exec("UPDATE log SET seq = 1");
      state.storage.sql.exec("DELETE FROM target WHERE changed_seq > 1");
    });
    // entries with the reader's fence would outrank every purge to come
    expect((await log.since({ incarnation, seq })).incarnation).not.toBe(incarnation);
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
          const { incarnation, seq, records } = await log.since(cursor);
          cursor = { incarnation, seq };
          for (const record of records) known.set(record.target, mergedRecord(known.get(record.target), record));
        };
        for (const s of steps) {
          if (s === "read") await read();
          else if (s === "evict") {
            // only what runs can be evicted
            await log.since(cursor);
            await evictDurableObject(log);
          } else await purge(log, s.tags, s.mode);
        }
        await read();
        const all = await log.since(undefined);
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
