// Owns the parts of a colo's copy of the purge log: what they hold and how they are filed. Whatever is wrong with one counts as absent.
import { DependencyError } from "../../error.ts";
import { CLOCK_SKEW_MS, type Marks, marksOn } from "./colo-marks.ts";
import type { SetDeadline } from "../reader/deadline.ts";
import { recordTable } from "../reader/record-table.ts";
import type { Delta } from "../wire/records.ts";
import type { LogAnswer } from "../reader/log-reader.ts";
import type { Filed, BlobCache } from "./blob-cache.ts";
import { mergedDelta } from "../wire/delta-merge.ts";
import { decodeDelta, encodeDelta } from "../wire/delta-codec.ts";

export interface CopyOptions {
  readonly shelf: BlobCache;
  readonly now: () => number;
  readonly timeout: SetDeadline;
  readonly random: () => number;
  readonly report: (error: DependencyError) => void;
  /** How long a read or a write may take, milliseconds; that of a snapshot, which has megabytes, four times as long. */
  readonly copyMs: number;
}

/** A larger tail is folded into the snapshot. */
const TAIL_BYTES = 64 * 1024;
const KEPT_SECONDS = 7 * 86_400;
/** How long the copy is left alone after it failed, milliseconds. */
const REST_MS = 1000;

export interface Copy extends Marks {
  tail(): Promise<LogAnswer | undefined>;
  snapshot(): Promise<Delta | undefined>;
  /** Files what the log said, behind the tail it was asked for if there is one. */
  file(news: LogAnswer, behind: Delta | undefined): Promise<void>;
}

export function copyOn({ shelf, now, random, copyMs, ...others }: CopyOptions): Copy {
  const tried = leftAloneAfterFailures({ now, ...others });
  const get = (name: string, limitMs = copyMs): Promise<Filed | undefined> => tried(limitMs, () => shelf.get(name));
  const put = (name: string, atMs: number, bytes: Uint8Array): Promise<void> =>
    tried(copyMs, () => shelf.put(name, { atMs, bytes }, KEPT_SECONDS));

  async function snapshot(): Promise<Delta | undefined> {
    const filed = await get("snapshot", 4 * copyMs);
    return filed && decodeDelta(filed.bytes);
  }

  /** What it says of itself: by the clock of whoever filed it. */
  async function tail(): Promise<LogAnswer | undefined> {
    const filed = await get("tail");
    const delta = filed && decodeDelta(filed.bytes);
    // one from the future was made by a clock that cannot be compared with ours
    return delta && filed.atMs <= now() + CLOCK_SKEW_MS ? { delta, sentAtMs: filed.atMs, isCopy: true } : undefined;
  }

  return {
    ...marksOn({ get, put }, now, random),
    snapshot,
    async tail() {
      const filed = await tail();
      // by a clock that may be behind
      return filed && { ...filed, sentAtMs: filed.sentAtMs - CLOCK_SKEW_MS };
    },
    async file({ delta: news, sentAtMs }, behind) {
      const filed = await tail();
      // of a question that was sent later
      if (filed && filed.sentAtMs > sentAtMs) return;
      const next = compact((behind && mergedDelta(behind, news)) ?? news, random);
      const bytes = encodeDelta(next);
      if (bytes.length <= TAIL_BYTES) return put("tail", sentAtMs, bytes);
      const base = next.from === 0 ? next : await snapshot();
      const whole = base && mergedDelta(base, next);
      // without a snapshot before it, it would grow for ever: then only what is new is filed
      if (!whole || whole.from > 0) return put("tail", sentAtMs, encodeDelta(news));
      await tried(4 * copyMs, () =>
        shelf.put("snapshot", { atMs: sentAtMs, bytes: encodeDelta(compact(whole, random)) }, KEPT_SECONDS),
      );
      return put("tail", sentAtMs, encodeDelta({ ...whole, from: whole.seq, records: [] }));
    },
  };
}

/** Makes work take a bounded time and come to nothing where it fails; after that nothing is tried for a while. */
function leftAloneAfterFailures({ now, timeout, report }: Pick<CopyOptions, "now" | "timeout" | "report">) {
  let untilMs = Number.NEGATIVE_INFINITY;
  return async <T>(limitMs: number, work: () => Promise<T>): Promise<T | undefined> => {
    if (now() < untilMs) return undefined;
    const late = timeout(limitMs);
    try {
      return await Promise.race([work(), late.passed.then(refuse)]);
    } catch (cause) {
      untilMs = now() + REST_MS;
      report(new DependencyError("colo copy of the purge log", "failed", { cause }));
      return undefined;
    } finally {
      late.cancel();
    }
  };
}

function refuse(): never {
  throw new Error("took too long");
}

/** Each target once, and nothing that the floor stands for. */
function compact(delta: Delta, random: () => number): Delta {
  const table = recordTable(random);
  table.drop(delta.floor.seq);
  for (const record of delta.records) table.merge(record);
  return { ...delta, records: table.changedAfter(0) };
}
