// Owns a purge log in memory for tests: the records of the real one, without storage or network.
import { type Target, targetHash } from "../../src/http/target.ts";
import { type Cursor, type Delta, type PurgeMode, type PurgeRecord, purgedAgain } from "../../src/purge/records.ts";
import type { LogReader } from "../../src/purge/replica.ts";

export interface MemoryLog extends LogReader {
  purge(tags: readonly string[], mode: PurgeMode, nowMs?: number): number;
  purgeTargets(targets: readonly Target[], mode: PurgeMode, nowMs?: number): number;
  delta(cursor: Cursor | undefined): Delta;
  /** As a log that lost its storage. */
  lose(): void;
  readonly questions: (Cursor | undefined)[];
  /** While set, questions are answered by it. */
  answer: ((cursor: Cursor | undefined) => Promise<Delta>) | undefined;
}

export function memoryLog(): MemoryLog {
  const changed = new Map<string, { record: PurgeRecord; seq: number }>();
  let incarnation = "first";
  let seq = 0;
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
        changed.set(hash, { record: purgedAgain(hash, changed.get(hash)?.record, mode, seq, nowMs), seq });
      }
      return seq;
    },
    delta(cursor) {
      const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
      const records = [...changed.values()].filter((row) => row.seq > from).map(({ record }) => record);
      return { incarnation, seq, records };
    },
    lose() {
      changed.clear();
      incarnation += "+";
      seq = 0;
    },
    since(cursor) {
      log.questions.push(cursor);
      return log.answer ? log.answer(cursor) : Promise.resolve(log.delta(cursor));
    },
  };
  return log;
}
