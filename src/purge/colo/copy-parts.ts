// Owns the parts of a colo's copy of the purge log: what they hold and how they are filed. Whatever is wrong with one counts as absent.
import { deadline, type SetTimeout } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { CLOCK_SKEW_MS, type Marks, marksOn } from "./colo-marks.ts";
import { browserTable } from "../reader/browser-table.ts";
import { recordTable } from "../reader/record-table.ts";
import type { Delta } from "../wire/records.ts";
import type { LogAnswer } from "../reader/log-reader.ts";
import type { StoredBlob, BlobCache } from "./blob-cache.ts";
import { mergedDelta } from "../wire/delta-merge.ts";
import { decodeDelta, encodeDelta } from "../wire/delta-codec.ts";

export interface CopyOptions {
  readonly blobs: BlobCache;
  readonly now: () => number;
  readonly timeout: SetTimeout;
  readonly random: () => number;
  readonly report: (error: DependencyError) => void;
}

/** A larger tail is folded into the snapshot. */
const TAIL_BYTES = 64 * 1024;
const LIFETIME_SECONDS = 7 * 86_400;
/** How long a read or a write may take, milliseconds; a snapshot has megabytes. */
const BLOB_WAIT_MS = 100;
const SNAPSHOT_WAIT_MS = 400;
/** How long the copy is left alone after it failed, milliseconds. */
const PAUSE_MS = 1000;

export interface Copy extends Marks {
  tail(): Promise<LogAnswer | undefined>;
  snapshot(): Promise<Delta | undefined>;
  /** Files what the log said, behind the tail it was asked for if there is one. */
  write(news: LogAnswer, behind: Delta | undefined): Promise<void>;
}

export function copyOn({ blobs, now, random, ...others }: CopyOptions): Copy {
  const tried = leftAloneAfterFailures({ now, ...others });
  const get = (name: string, waitMs = BLOB_WAIT_MS): Promise<StoredBlob | undefined> =>
    tried(waitMs, () => blobs.get(name));
  const put = (name: string, atMs: number, bytes: Uint8Array): Promise<void> =>
    tried(BLOB_WAIT_MS, () => blobs.put(name, { atMs, bytes }, LIFETIME_SECONDS));

  async function snapshot(): Promise<Delta | undefined> {
    const blob = await get("snapshot", SNAPSHOT_WAIT_MS);
    return blob && decodeDelta(blob.bytes);
  }

  /** What it says of itself: by the clock of whoever filed it. */
  async function tail(): Promise<LogAnswer | undefined> {
    const blob = await get("tail");
    const delta = blob && decodeDelta(blob.bytes);
    // one from the future was made by a clock that cannot be compared with ours
    return delta && blob.atMs <= now() + CLOCK_SKEW_MS ? { delta, sentAtMs: blob.atMs, isCopy: true } : undefined;
  }

  return {
    ...marksOn({ get, put }, now, random),
    snapshot,
    async tail() {
      const blob = await tail();
      // by a clock that may be behind
      return blob && { ...blob, sentAtMs: blob.sentAtMs - CLOCK_SKEW_MS };
    },
    async write({ delta: news, sentAtMs }, behind) {
      const blob = await tail();
      // of a question that was sent later
      if (blob && blob.sentAtMs > sentAtMs) return;
      const next = deduplicated((behind && mergedDelta(behind, news)) ?? news, random);
      const bytes = encodeDelta(next);
      if (bytes.length <= TAIL_BYTES) return put("tail", sentAtMs, bytes);
      const base = next.from === 0 ? next : await snapshot();
      const whole = base && mergedDelta(base, next);
      // without a snapshot before it, it would grow for ever: then only what is new is filed
      if (!whole || whole.from > 0) return put("tail", sentAtMs, encodeDelta(news));
      await tried(SNAPSHOT_WAIT_MS, () =>
        blobs.put("snapshot", { atMs: sentAtMs, bytes: encodeDelta(deduplicated(whole, random)) }, LIFETIME_SECONDS),
      );
      return put("tail", sentAtMs, encodeDelta({ ...whole, from: whole.seq, records: [], browsers: [] }));
    },
  };
}

/** Makes work take a bounded time and come to nothing where it fails; after that nothing is tried for a while. */
function leftAloneAfterFailures({ now, timeout, report }: Pick<CopyOptions, "now" | "timeout" | "report">) {
  let untilMs = Number.NEGATIVE_INFINITY;
  return async <T>(waitMs: number, work: () => Promise<T>): Promise<T | undefined> => {
    if (now() < untilMs) return undefined;
    try {
      return await deadline(timeout, waitMs)(work());
    } catch (cause) {
      untilMs = now() + PAUSE_MS;
      report(new DependencyError("colo copy of the purge log", "failed", { cause }));
      return undefined;
    }
  };
}

/** Each target once, and nothing that the floor stands for. */
function deduplicated(delta: Delta, random: () => number): Delta {
  const table = recordTable(random);
  table.drop(delta.floor.seq);
  for (const record of delta.records) table.merge(record);
  const browsers = browserTable();
  browsers.drop(delta.floor.seq);
  for (const purge of delta.browsers) browsers.merge(purge);
  return { ...delta, records: table.changedAfter(0), browsers: browsers.all() };
}
