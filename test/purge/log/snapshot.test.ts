// Owns the proof of the log's snapshot in KV: after purges, at most once a second, again after a failure, and never in a purge's way.
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PurgeLog } from "../../../src/purge/log/log.ts";
import type { SnapshotStore } from "../../../src/purge/log/snapshot.ts";
import { SNAPSHOT_KEY } from "../../../src/purge/wire/snapshot-key.ts";
import { barrier } from "../../support/barrier.ts";
import { newLog, purge, read, since, withBindings } from "../../support/purge-log.ts";

let nowMs = 1.8e12;
let report = vi.spyOn(console, "warn");
beforeEach(() => {
  report = vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A log whose alarms the test sets off, with a store that says what was written when. */
async function withStore(
  run: (instance: PurgeLog, state: DurableObjectState, store: Store, ring: () => Promise<void>) => Promise<void>,
): Promise<void> {
  nowMs = 1.8e12;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  const store: Store = {
    written: [],
    fails: false,
    put(key, value) {
      if (store.fails) return Promise.reject(new Error("KV is away"));
      store.written.push({ key, atMs: nowMs, value });
      return Promise.resolve();
    },
  };
  await withBindings(newLog(), { STRATA_KV: store }, async (instance, state) => {
    let alarmAtMs: number | undefined;
    // the platform's own would go off by the machine's clock
    vi.spyOn(state.storage, "setAlarm").mockImplementation((atMs) => {
      alarmAtMs = Number(atMs);
      return Promise.resolve();
    });
    const ring = async (): Promise<void> => {
      if (alarmAtMs === undefined) return;
      nowMs = Math.max(nowMs, alarmAtMs);
      alarmAtMs = undefined;
      await instance.alarm();
    };
    await run(instance, state, store, ring);
  });
}

interface Store extends SnapshotStore {
  readonly written: { readonly key: string; readonly atMs: number; readonly value: Uint8Array }[];
  fails: boolean;
}

describe("the snapshot", () => {
  it("is the whole log, under one key, and is not written again for nothing", async () => {
    await withStore(async (log, _, store, ring) => {
      await purge(log, ["a"]);
      await purge(log, ["b"], "soft");
      await ring();
      await ring();
      await ring();
      expect(store.written).toHaveLength(1);
      expect(store.written[0]?.key).toBe(SNAPSHOT_KEY);
      expect(read(store.written[0]?.value ?? new Uint8Array())).toEqual(read(log.since(undefined)));
    });
  });

  it("is written at most once a second, and the last purge is in the last", async () => {
    await withStore(async (log, _, store, ring) => {
      for (let i = 0; i < 40; i++) {
        await purge(log, [String(i)]);
        nowMs += 137;
        await ring();
      }
      for (let i = 0; i < 3; i++) await ring();
      expect(store.written.length).toBeGreaterThan(4);
      for (const [i, { atMs }] of store.written.slice(1).entries()) {
        expect(atMs - (store.written[i]?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
      }
      expect(read(store.written.at(-1)?.value ?? new Uint8Array()).seq).toBe(40);
    });
  });

  it("that fails fails no purge, is reported, and is tried again, ever more seldom but for ever", async () => {
    await withStore(async (log, _, store, ring) => {
      store.fails = true;
      expect((await purge(log, ["a"])).seq).toBe(1);
      const pauses: number[] = [];
      for (let i = 0; i < 30; i++) {
        const before = nowMs;
        await ring();
        pauses.push(nowMs - before);
      }
      expect(pauses.slice(1, 4).every((pause, i) => pause >= 2 ** (i + 1) * 1000)).toBe(true);
      expect(Math.max(...pauses)).toBe(300_000);
      expect(report).toHaveBeenCalledTimes(30);
      expect(JSON.parse(String(report.mock.calls[2]?.[0]))).toMatchObject({
        level: "warn",
        event: "purge-snapshot-failed",
        message: "KV is away",
        failures: 3,
      });
      store.fails = false;
      await ring();
      expect(store.written).toHaveLength(1);
      await purge(log, ["b"]);
      await ring();
      expect((store.written[1]?.atMs ?? 0) - (store.written[0]?.atMs ?? 0)).toBeLessThan(2000);
    });
  });

  it("is written although the platform lost its alarm: whoever asks notices after some time", async () => {
    await withStore(async (log, state, store, ring) => {
      await purge(log, ["a"]);
      const alarms = (): number => vi.mocked(state.storage).setAlarm.mock.calls.length;
      const lost = alarms();
      nowMs += 4000;
      log.since(undefined);
      expect(alarms()).toBe(lost);
      nowMs += 2000;
      log.since(undefined);
      expect(alarms()).toBe(lost + 1);
      await ring();
      expect(store.written).toHaveLength(1);
    });
  });

  it("that takes long lets purges through, and they are in the next", async () => {
    await withStore(async (log, _, store, ring) => {
      const [reached, released] = [barrier(), barrier()];
      const put = store.put.bind(store);
      store.put = async (key, value) => {
        reached.open();
        await released.passed;
        return put(key, value);
      };
      await purge(log, ["a"]);
      const writing = ring();
      await reached.passed;
      expect((await purge(log, ["b"])).seq).toBe(2);
      released.open();
      await writing;
      await ring();
      await ring();
      expect(store.written.map(({ value }) => read(value).seq)).toEqual([1, 2]);
    });
  });

  it("never throws, whatever breaks: the platform would give up", async () => {
    await withStore(async (log, state, _, ring) => {
      await purge(log, ["a"]);
      await state.storage.deleteAll();
      await expect(ring()).resolves.toBeUndefined();
      expect(report).toHaveBeenCalledWith(expect.stringContaining("purge-snapshot-failed"));
    });
  });

  it("is a new one where the log is another", async () => {
    await withStore(async (log, _, store, ring) => {
      await purge(log, ["a"]);
      await ring();
      const { incarnation } = read(log.since({ incarnation: read(log.since(undefined)).incarnation, seq: 99 }));
      await ring();
      expect(store.written.map(({ value }) => read(value).incarnation).at(-1)).toBe(incarnation);
      expect(store.written).toHaveLength(2);
    });
  });

  it("is not missed where there is no KV", async () => {
    await withBindings(newLog(), {}, async (log) => {
      await purge(log, ["a"]);
      await log.alarm();
      expect(report).not.toHaveBeenCalled();
    });
  });
});

it("is written also where the object was evicted between the purge and the alarm", async () => {
  const log = newLog();
  await purge(log, ["a"]);
  await evictDurableObject(log);
  await runDurableObjectAlarm(log);
  const written = await env.STRATA_KV.get(SNAPSHOT_KEY, "arrayBuffer");
  expect(read(new Uint8Array(written ?? new ArrayBuffer(0)))).toEqual(await since(log));
});

it("the deployed object writes to its KV, by the platform's own alarm", async () => {
  const log = newLog();
  await purge(log, ["a"]);
  // by hand, unless it has gone off already
  await runDurableObjectAlarm(log);
  const written = await env.STRATA_KV.get(SNAPSHOT_KEY, "arrayBuffer");
  expect(read(new Uint8Array(written ?? new ArrayBuffer(0)))).toEqual(await since(log));
  expect(await runInDurableObject(log, (_, state) => state.storage.getAlarm())).toBeNull();
});
