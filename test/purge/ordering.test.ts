// Owns the proof of a purge's bookkeeping in the log: its actor, the same order twice, and too many orders.
import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { targetName } from "../../src/http/targets/target.ts";
import { newLog, purge, rows, since, sql, tag, withBindings } from "../support/purge-log.ts";

const DAY_MS = 24 * 3600 * 1000;
let nowMs = 1.8e12;
beforeEach(() => {
  nowMs = 1.8e12;
});
afterEach(() => {
  vi.restoreAllMocks();
});

function clockInHand(): void {
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
}

describe("the record of who purged what", () => {
  it("tells the newest first, in pages, also after an eviction", async () => {
    const log = newLog();
    await purge(log, ["a", "b"], "soft", undefined, { actor: "deploy", asked: ["a", "b*"] });
    await purge(log, [{ kind: "everything", value: "" }], "hard", undefined, {
      actor: "origin shop.test",
      asked: ["*"],
    });
    await purge(log, ["c"]);
    await evictDurableObject(log);
    const all = await log.history(undefined, 10);
    expect(all.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    expect(all[2]).toEqual({
      seq: 1,
      purgedAtMs: expect.any(Number) as number,
      actor: "deploy",
      mode: "soft",
      asked: ["a", "b*"],
      targets: ["tag:a", "tag:b"],
    });
    expect(all[1]).toMatchObject({ actor: "origin shop.test", targets: ["everything:"] });
    expect((await log.history(undefined, 2)).map(({ seq }) => seq)).toEqual([3, 2]);
    expect((await log.history(2, 2)).map(({ seq }) => seq)).toEqual([1]);
    expect(await log.history(1, 2)).toEqual([]);
  });

  it("gives at most 500 at a time, and at least 1", async () => {
    const log = newLog();
    for (const value of ["a", "b"]) await purge(log, [value]);
    for (const limit of [0, -1, 0.5]) expect(await log.history(undefined, limit)).toHaveLength(1);
    await sql(log, (storage) =>
      storage.exec(
        `WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
        INSERT INTO entry SELECT i, ?, 5, 'a', 'hard', '[]', '[]', '' FROM n`,
        Date.now(),
      ),
    );
    expect(await log.history(undefined, 1e9)).toHaveLength(500);
  });

  it("shortens what is too long, and says by how much; what is purged is not shortened", async () => {
    const log = newLog();
    const values = Array.from({ length: 1000 }, (_, i) => `${String(i)}-${"é".repeat(1000)}`);
    const { delta } = await purge(log, values, "hard", undefined, { actor: "x".repeat(10_000) });
    expect(delta.records).toHaveLength(1000);
    const [entry] = await log.history(undefined, 1);
    expect(entry?.actor).toHaveLength(256);
    for (const list of [entry?.asked ?? [], entry?.targets ?? []]) {
      expect(list.length).toBeGreaterThan(10);
      expect(list.at(-1)).toBe(`(and ${String(1000 - (list.length - 1))} more)`);
      expect(JSON.stringify(list).length).toBeLessThan(16_100);
    }
    expect(entry?.targets[0]).toBe(targetName(tag(values[0] ?? "")));
  });

  it("forgets after 30 days", async () => {
    clockInHand();
    await withBindings(newLog(), {}, async (log) => {
      await purge(log, ["a"]);
      nowMs += 30 * DAY_MS;
      await purge(log, ["b"]);
      expect(log.history(undefined, 10)).toHaveLength(2);
      nowMs += 1;
      expect(log.history(undefined, 10).map(({ seq }) => seq)).toEqual([2]);
    });
  });

  it("holds at most 20,000 entries and 32 million characters, the newest, and drops the old now and then", async () => {
    const log = newLog();
    const many = (count: number, length: number): Promise<unknown> =>
      sql(log, (storage) => {
        storage.exec("DELETE FROM entry");
        storage.exec(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO entry SELECT i, ?, ?, 'a', 'hard', '["' || substr(hex(zeroblob(?)), 1, ?) || '"]', '[]', '' FROM n`,
          count,
          Date.now(),
          length + 7,
          length,
          length,
        );
        storage.exec("UPDATE log SET seq = ?", 99_999);
      });
    await many(20_050, 10);
    await purge(log, ["a"]);
    expect(await rows(log, "entry")).toBe(20_000);
    await many(5000, 8000);
    await purge(log, ["a"]);
    const held = await rows(log, "entry");
    expect(held).toBeGreaterThan(3900);
    expect(held).toBeLessThan(4001);
    expect((await log.history(undefined, 2)).map(({ seq }) => seq)).toEqual([100_000, 5000]);
    await sql(log, (storage) => {
      storage.exec("UPDATE entry SET purged_at_ms = 0 WHERE seq <= 5000");
      storage.exec("UPDATE log SET seq = ?", 199_999);
    });
    await purge(log, ["a"]);
    expect(await rows(log, "entry")).toBe(2);
  });
});

describe("purges that origins caused by their answers", () => {
  const origin = { actor: "origin http://origin.test" };

  it("is listed apart", async () => {
    const log = newLog();
    for (const actor of ["token deploy", origin.actor, "token deploy"])
      await purge(log, ["a"], "hard", undefined, { actor });
    const listed = async (by: "tokens" | "origins" | "all") =>
      (await log.history(undefined, 10, by)).map(({ seq }) => seq);
    expect([await listed("tokens"), await listed("origins"), await listed("all")]).toEqual([[3, 1], [2], [3, 2, 1]]);
    expect((await log.history(3, 1, "tokens")).map(({ seq }) => seq)).toEqual([1]);
  });

  it("pushes nothing out of what tokens did, however much it is", async () => {
    const log = newLog();
    await purge(log, ["a"], "hard", undefined, { actor: "token deploy" });
    await sql(log, (storage) => {
      storage.exec(
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO entry SELECT i, ?, 1000, ?, 'hard', '[]', '[]', '' FROM n`,
        Date.now(),
        origin.actor,
      );
      storage.exec("UPDATE log SET seq = ?", 99_999);
    });
    await purge(log, ["a"], "hard", undefined, { actor: "token deploy" });
    expect((await log.history(undefined, 10, "tokens")).map(({ seq }) => seq)).toEqual([100_000, 1]);
    expect(await rows(log, "entry")).toBe(5002);
    // nor the other way round
    await sql(log, (storage) => {
      storage.exec(
        `WITH RECURSIVE n(i) AS (SELECT 100001 UNION ALL SELECT i + 1 FROM n WHERE i < 130000)
        INSERT INTO entry SELECT i, ?, 5, 'token deploy', 'hard', '[]', '[]', '' FROM n`,
        Date.now(),
      );
      storage.exec("UPDATE log SET seq = ?", 199_999);
    });
    await purge(log, ["a"], "hard", undefined, origin);
    expect(await rows(log, "entry")).toBe(25_000);
  });
});

describe("the same order under one idempotency key", () => {
  const keyed = (idempotencyKey: string, actor = "deploy") => ({ actor, idempotencyKey });
  const order = (log: Parameters<typeof purge>[0], key: string, actor?: string) =>
    purge(log, ["a"], "hard", undefined, keyed(key, actor));

  it("is carried out once and answered alike, also after an eviction", async () => {
    const log = newLog();
    const first = await order(log, "k");
    expect(first.outcome).toMatchObject({ kind: "purged", seq: 1, replayed: false });
    await purge(log, ["b"]);
    await evictDurableObject(log);
    const again = await order(log, "k");
    expect(again.outcome).toEqual({ ...first.outcome, replayed: true });
    // the caller is told of what came meanwhile all the same
    expect(again.delta.seq).toBe(2);
    expect((await since(log)).seq).toBe(2);
    expect(await log.history(undefined, 10)).toHaveLength(2);
  });

  it("when many come at the same time, too", async () => {
    const log = newLog();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => order(log, "k")));
    expect(new Set(outcomes.map(({ seq }) => seq))).toEqual(new Set([1]));
    expect(outcomes.filter(({ outcome }) => outcome.kind === "purged" && !outcome.replayed)).toHaveLength(1);
    expect((await since(log)).seq).toBe(1);
  });

  it("with other content is a conflict, and purges nothing", async () => {
    const log = newLog();
    await order(log, "k");
    for (const [targets, mode] of [
      [["b"], "hard"],
      [["a", "b"], "hard"],
      [["a"], "soft"],
      [[{ kind: "host", value: "a" }], "hard"],
    ] as const) {
      expect((await purge(log, targets, mode, undefined, keyed("k"))).outcome).toEqual({ kind: "conflict" });
    }
    expect((await since(log)).seq).toBe(1);
    expect((await order(log, "k")).seq).toBe(1);
  });

  it("belongs to its actor, and keys of any length are told apart", async () => {
    const log = newLog();
    const long = "k".repeat(100_000);
    const seqs = [];
    for (const [key, actor] of [
      ["k", "a"],
      ["k", "b"],
      [long, "a"],
      [`${long}1`, "a"],
      ['"],["', "a"],
    ] as const) {
      seqs.push((await order(log, key, actor)).seq);
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
    expect((await order(log, long, "a")).seq).toBe(3);
  });

  it("is forgotten after a day, and when there are more than 100,000", async () => {
    clockInHand();
    const log = newLog();
    await withBindings(log, {}, async (instance, { storage }) => {
      await order(instance, "k");
      nowMs += DAY_MS;
      expect((await order(instance, "k")).seq).toBe(1);
      nowMs += 1;
      expect((await order(instance, "k")).seq).toBe(2);
      expect((await order(instance, "k")).seq).toBe(2);
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 100500)
        INSERT INTO idempotency SELECT i, ?, 'key ' || i, 'f' FROM n`,
        nowMs,
      );
      storage.sql.exec("UPDATE log SET seq = 199999");
      await purge(instance, ["b"]);
      expect(storage.sql.exec("SELECT COUNT(*) AS n, MIN(seq) AS first FROM idempotency").one()).toEqual({
        n: 100_000,
        first: 501,
      });
      nowMs += DAY_MS + 1;
      storage.sql.exec("UPDATE log SET seq = 299999");
      await purge(instance, ["b"]);
      expect(storage.sql.exec("SELECT * FROM idempotency").toArray()).toEqual([]);
    });
  });

  it("is not remembered where the order was not carried out", async () => {
    clockInHand();
    await withBindings(newLog(), {}, async (log) => {
      const rate = { perSecond: 1, burst: 1 };
      await purge(log, ["a"], "hard", undefined, { actor: "deploy", rate });
      const limited = await purge(log, ["b"], "hard", undefined, { ...keyed("k"), rate });
      expect(limited.outcome).toEqual({ kind: "limited", retryAfterSeconds: 1 });
      nowMs += 1000;
      expect((await purge(log, ["b"], "hard", undefined, { ...keyed("k"), rate })).seq).toBe(2);
      // the same once more costs nothing
      expect((await purge(log, ["b"], "hard", undefined, { ...keyed("k"), rate })).outcome).toMatchObject({
        seq: 2,
        replayed: true,
      });
    });
  });
});

it("orders beyond an actor's rate are refused with a time, and purge nothing", async () => {
  clockInHand();
  await withBindings(newLog(), {}, async (log) => {
    const limited = { actor: "deploy", rate: { perSecond: 2, burst: 2 } };
    const outcomes = [];
    for (let i = 0; i < 3; i++) outcomes.push((await purge(log, ["a"], "hard", undefined, limited)).outcome);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["purged", "purged", "limited"]);
    expect(outcomes[2]).toEqual({ kind: "limited", retryAfterSeconds: 1 });
    expect(log.history(undefined, 10)).toHaveLength(2);
    const other = await purge(log, ["a"], "hard", undefined, { ...limited, actor: "other" });
    expect(other.seq).toBe(3);
    expect((await purge(log, ["a"], "hard", undefined, { actor: "deploy" })).seq).toBe(4);
    nowMs += 500;
    expect((await purge(log, ["a"], "hard", undefined, limited)).seq).toBe(5);
  });
});
