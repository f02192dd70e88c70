// Owns the property that no reader of the colo's copy is told a time later than the knowledge it got, however reads and writes of it interleave, fail and hang.
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TargetHash } from "../../src/http/targets/target.ts";
import { coloCopy } from "../../src/purge/colo/colo-copy.ts";
import { type ReplicaState, replicaState } from "../../src/purge/reader/replica-state.ts";
import type { LogAnswer, LogReader } from "../../src/purge/reader/log-reader.ts";
import { type Cursor, type Delta, NO_FLOOR, type PurgeRecord } from "../../src/purge/wire/records.ts";
import type { StoredBlob, BlobCache } from "../../src/purge/colo/blob-cache.ts";

const PLACE = { scheme: "https", host: "shop.test", path: "/", query: "" } as const;
const ISOLATES = 3;
/** Enough for a tail to be folded into the snapshot. */
const MANY = 7000;

const hash = (life: number, seq: number, index: number): TargetHash =>
  (life * 1e6 + seq).toString(16).padStart(8, "0").concat(index.toString(16).padStart(8, "0")) as TargetHash;

/** Hard purges of targets of their own; its floor rises, and it can be lost. */
function forgetfulLog() {
  let life = 0;
  let seq = 0;
  let floorSeq = 0;
  let records: PurgeRecord[] = [];
  const states: { readonly atMs: number; readonly life: number; readonly seq: number }[] = [];
  return {
    purge(count: number, atMs: number): void {
      seq += 1;
      for (let i = 0; i < count; i++) {
        const target = hash(life, seq, i);
        records.push({ target, prefixLength: 0, hardSeq: seq, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 });
      }
      states.push({ atMs, life, seq });
    },
    forget(): void {
      floorSeq = Math.max(floorSeq, seq - 2);
      records = records.filter(({ hardSeq }) => hardSeq > floorSeq);
    },
    lose(atMs: number): void {
      [life, seq, floorSeq, records] = [life + 1, 0, 0, []];
      states.push({ atMs, life, seq });
    },
    since(cursor: Cursor | undefined): Delta {
      const incarnation = String(life);
      const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
      const floor = { ...NO_FLOOR, seq: floorSeq, hardSeq: floorSeq };
      return { incarnation, seq, from, floor, records: records.filter(({ hardSeq }) => hardSeq > from), browsers: [] };
    },
    /** As it was before whatever happened at that time. */
    stateAt: (ms: number) => states.findLast(({ atMs }) => atMs < ms) ?? { life: 0, seq: 0 },
  };
}

type Log = ReturnType<typeof forgetfulLog>;

function expectTrue(log: Log, known: ReplicaState, { sentAtMs }: LogAnswer): void {
  const { life, seq } = log.stateAt(sentAtMs);
  const cursor = known.cursor();
  expect(Number(cursor?.incarnation)).toBeGreaterThanOrEqual(life);
  if (Number(cursor?.incarnation) > life) return;
  expect(cursor?.seq).toBeGreaterThanOrEqual(seq);
  for (let each = 1; each <= (cursor?.seq ?? 0); each++) {
    const stored = { targets: [hash(life, each, 0)], fence: { incarnation: String(life), seq: each - 1 } };
    expect(known.stateOf(stored, PLACE)).toMatchObject({ state: "gone" });
  }
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ ask: fc.nat(ISOLATES - 1), maxAgeMs: fc.constantFrom(200, 1000, 5000) }) },
  { weight: 8, arbitrary: fc.record({ turns: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 4, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 4, arbitrary: fc.record({ purge: fc.constantFrom(1, MANY) }) },
  { weight: 1, arbitrary: fc.constant("forget" as const) },
  { weight: 1, arbitrary: fc.constant("die" as const) },
  { weight: 1, arbitrary: fc.constant("lose" as const) },
);

it("readers end and agree, in any order of answers, failures and hangs", { timeout: 120_000 }, async () => {
  const seen = { answers: 0, byCopy: 0, folded: 0, forgetful: 0 };
  const property = fc.asyncProperty(
    fc.scheduler(),
    fc.array(step, { minLength: 20, maxLength: 100, size: "max" }),
    fc.infiniteStream(fc.integer({ min: 0, max: 49 })),
    async (scheduler, steps, fates) => {
      const log = forgetfulLog();
      const filed = new Map<string, StoredBlob>();
      let nowMs = 1e9;
      let questions = 0;
      const fate = (): number => fates.next().value ?? 0;
      async function turns(count: number): Promise<void> {
        for (let i = 0; i < count; i++) await scheduler.schedule(Promise.resolve());
      }
      /** Some turns later: done, refused after it was done or before, or nothing is ever heard of it. */
      async function sometime<T>(work: () => T): Promise<T> {
        const kind = fate();
        await scheduler.schedule(Promise.resolve());
        if (kind === 0) throw new Error("refused");
        const done = work();
        if (kind === 1) throw new Error("its answer was lost");
        await scheduler.schedule(Promise.resolve());
        return kind === 2 ? new Promise<never>(() => undefined) : done;
      }
      const blobs: BlobCache = {
        get: (name) => sometime(() => filed.get(name)),
        put: (name, one) =>
          sometime(() => {
            if (name === "snapshot") seen.folded += 1;
            filed.set(name, one);
          }),
      };
      const direct: LogReader = {
        async since(cursor) {
          const sentAtMs = nowMs;
          questions += 1;
          return { delta: await sometime(() => log.since(cursor)), sentAtMs };
        },
      };
      const parts = {
        blobs,
        copyMs: DEFAULT_BOUNDS.copyMs,
        now: () => nowMs,
        // pauses soon, patience at last: a work that is waited for no longer goes on
        timeout: (ms: number) => ({ passed: turns(ms < 100 ? 1 : 6), cancel: () => undefined }),
        random: Math.random,
        report: () => undefined,
      };
      const born = () => ({ reader: coloCopy(direct, parts), known: replicaState(Math.random) });
      const isolates = Array.from({ length: ISOLATES }, born);
      const take = ({ known }: ReturnType<typeof born>, answer: LogAnswer): void => {
        // as replica.ts refuses what was under way while the log changed
        if (Number(answer.delta.incarnation) < Number(known.cursor()?.incarnation ?? 0)) return;
        expect(known.learn(answer.delta)).toBe(true);
        if (answer.delta.floor.seq > 0) seen.forgetful += 1;
        seen.answers += 1;
        expectTrue(log, known, answer);
      };
      const asked: Promise<void>[] = [];
      const ask = async (isolate: ReturnType<typeof born>, maxAgeMs: number): Promise<void> => {
        const cameAtMs = nowMs;
        const before = questions;
        const answer = await isolate.reader.since(isolate.known.cursor(), maxAgeMs).catch(() => undefined);
        if (!answer) return;
        expect(cameAtMs - answer.sentAtMs).toBeLessThanOrEqual(maxAgeMs);
        if (questions === before) seen.byCopy += 1;
        take(isolate, answer);
        const later = await answer.later?.catch(() => undefined);
        if (later) take(isolate, later);
      };
      for (const each of steps) {
        if (each === "forget") log.forget();
        else if (each === "lose") log.lose(nowMs++);
        else if (each === "die") isolates.splice(0, 1, born());
        else if ("ask" in each) asked.push(ask(isolates[each.ask] ?? born(), each.maxAgeMs));
        else if ("passMs" in each) nowMs += each.passMs;
        else if ("purge" in each) log.purge(each.purge, nowMs++);
        else {
          for (let i = 0; i < each.turns && scheduler.count() > 0; i++) {
            await scheduler.waitNext(1);
          }
        }
      }
      await scheduler.waitIdle();
      // requests without an end are left alone; a failed expectation is reported
      await Promise.race([Promise.all(asked), new Promise((resolve) => setTimeout(resolve, 0))]);
    },
  );
  await fc.assert(property, { numRuns: 60 });
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});
