// Owns a purge log in memory for tests: the records of the real one, without storage or network.
import { type Target, targetHash } from "../../src/http/targets/target.ts";
import type { PurgeMode } from "../../src/http/targets/purge-order.ts";
import {
  type BrowserPurge,
  changedSeq,
  type Cursor,
  type Delta,
  type Floor,
  mergedMarks,
  NO_FLOOR,
  type PurgeRecord,
  purgedAgain,
} from "../../src/purge/wire/records.ts";

export interface MemoryLog {
  purge(tags: readonly string[], mode: PurgeMode, nowMs?: number): number;
  purgeTargets(targets: readonly Target[], mode: PurgeMode, nowMs?: number): number;
  delta(cursor: Cursor | undefined): Delta;
  /** As the real one answers its readers. */
  since(cursor: Cursor | undefined): Promise<Delta>;
  /** As a log that lost its storage. */
  lose(): void;
  /** As a log with room for the `kept` latest targets: the others are dropped, and the floor rises to them. */
  compact(kept: number, nowMs: number): void;
  floor(): Floor;
  readonly questions: (Cursor | undefined)[];
  /** While set, questions are answered by it. */
  answer: ((cursor: Cursor | undefined) => Promise<Delta>) | undefined;
}

export function memoryLog(): MemoryLog {
  const changed = new Map<string, { record: PurgeRecord; seq: number }>();
  const browsers = new Map<string, BrowserPurge>();
  let incarnation = "first";
  let seq = 0;
  let floor = NO_FLOOR;
  const log: MemoryLog = {
    questions: [],
    answer: undefined,
    purge(tags, mode, nowMs) {
      const targets = tags.map((value): Target => ({ kind: "tag", value }));
      return log.purgeTargets(targets, mode, nowMs);
    },
    purgeTargets(targets, mode, nowMs = 0) {
      seq += 1;
      for (const target of targets) {
        const hash = targetHash(target);
        if (target.kind === "browsers") {
          browsers.set(hash, { target: hash, epoch: Math.floor(nowMs / 1000), seq });
          continue;
        }
        const marks = purgedAgain(changed.get(hash)?.record, mode, seq, nowMs);
        const prefixLength = target.kind === "prefix" ? target.value.length : 0;
        changed.set(hash, { record: { ...marks, target: hash, prefixLength }, seq });
      }
      return seq;
    },
    delta(cursor) {
      const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
      const records = [...changed.values()].filter((row) => row.seq > from).map(({ record }) => record);
      const told = [...browsers.values()].filter((each) => each.seq > from);
      return { incarnation, seq, from, floor, records, browsers: told };
    },
    lose() {
      changed.clear();
      browsers.clear();
      incarnation += "+";
      seq = 0;
      floor = NO_FLOOR;
    },
    compact(kept, nowMs) {
      const records = [...changed.values()].map(({ record }) => record);
      const dropped = records.toSorted((a, b) => changedSeq(a) - changedSeq(b)).slice(0, records.length - kept);
      for (const { target } of dropped) changed.delete(target);
      const [last] = dropped.slice(-1);
      if (!last) return;
      const all = {
        hardSeq: Math.max(...dropped.map(({ hardSeq }) => hardSeq)),
        softSeq: Math.max(...dropped.map(({ softSeq }) => softSeq)),
        previousSoftSeq: Math.max(...dropped.map(({ previousSoftSeq }) => previousSoftSeq)),
        // of several soft purges the earliest counts: a stale window is never extended
        softAtMs: Math.min(...dropped.filter(({ softSeq }) => softSeq > 0).map(({ softAtMs }) => softAtMs)),
      };
      const softAtMs = all.softSeq > 0 ? all.softAtMs : 0;
      floor = {
        ...mergedMarks(floor, { ...all, softAtMs }),
        seq: changedSeq(last),
        jitterSeq: seq,
        roseAtMs: nowMs,
      };
    },
    floor: () => floor,
    since(cursor) {
      log.questions.push(cursor);
      return log.answer ? log.answer(cursor) : Promise.resolve(log.delta(cursor));
    },
  };
  return log;
}
