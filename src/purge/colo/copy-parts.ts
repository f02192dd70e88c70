// Owns the parts of a colo's copy of the purge log: their content, and how they are read and written. A part that is wrong in any way counts as absent.
import { deadline, type SetTimeout } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { CLOCK_SKEW_MS, type Marks, marksOn } from "./colo-marks.ts";
import { type BrowserTable, mergeBrowsers } from "../reader/browser-table.ts";
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
  /** How long a read or a write may take, milliseconds; that of a snapshot, which has megabytes, four times as long. */
  readonly copyMs: number;
}

/** A larger tail is merged into the snapshot. */
const TAIL_BYTES = 64 * 1024;
const LIFETIME_SECONDS = 7 * 86_400;

/** How long the copy is left alone after a failure, milliseconds. */
const PAUSE_MS = 1000;

export interface Copy extends Marks {
  tail(): Promise<LogAnswer | undefined>;
  snapshot(): Promise<Delta | undefined>;
  /** Writes the log's answer, joined to the tail it was asked for, if there is one. */
  write(news: LogAnswer, behind: Delta | undefined): Promise<void>;
}

export function copyOn({ blobs, now, random, copyMs, ...others }: CopyOptions): Copy {
  const tried = leftAloneAfterFailures({ now, ...others });
  const get = (name: string, waitMs = copyMs): Promise<StoredBlob | undefined> => tried(waitMs, () => blobs.get(name));
  const put = (name: string, atMs: number, bytes: Uint8Array): Promise<void> =>
    tried(copyMs, () => blobs.put(name, { atMs, bytes }, LIFETIME_SECONDS));

  async function snapshot(): Promise<Delta | undefined> {
    const blob = await get("snapshot", 4 * copyMs);
    return blob && decodeDelta(blob.bytes);
  }

  /** With its time by the clock of the isolate that wrote it. */
  async function tail(): Promise<LogAnswer | undefined> {
    const blob = await get("tail");
    const delta = blob && decodeDelta(blob.bytes);
    // a tail from the future comes from a clock that cannot be compared with ours
    return delta && blob.atMs <= now() + CLOCK_SKEW_MS ? { delta, sentAtMs: blob.atMs, isCopy: true } : undefined;
  }

  return {
    ...marksOn({ get, put }, now, random),
    snapshot,
    async tail() {
      const blob = await tail();
      // the writer's clock may be ahead: count the tail as older
      return blob && { ...blob, sentAtMs: blob.sentAtMs - CLOCK_SKEW_MS };
    },
    async write({ delta: news, sentAtMs }, behind) {
      const blob = await tail();
      // the tail there answers a later request
      if (blob && blob.sentAtMs > sentAtMs) return;
      const next = deduplicated((behind && mergedDelta(behind, news)) ?? news, random);
      const bytes = encodeDelta(next);
      if (bytes.length <= TAIL_BYTES) return put("tail", sentAtMs, bytes);
      const base = next.from === 0 ? next : await snapshot();
      const whole = base && mergedDelta(base, next);
      // without a snapshot the tail would grow for ever, so write the new changes alone
      if (!whole || whole.from > 0) return put("tail", sentAtMs, encodeDelta(news));
      await tried(4 * copyMs, () =>
        blobs.put("snapshot", { atMs: sentAtMs, bytes: encodeDelta(deduplicated(whole, random)) }, LIFETIME_SECONDS),
      );
      return put("tail", sentAtMs, encodeDelta({ ...whole, from: whole.seq, records: [], browsers: [] }));
    },
  };
}

/** Bounds the time of work, and gives `undefined` where it fails; after a failure it tries nothing for a while. */
function leftAloneAfterFailures({ now, timeout, report }: Pick<CopyOptions, "now" | "timeout" | "report">) {
  let untilMs = Number.NEGATIVE_INFINITY;
  return async <T>(limitMs: number, work: () => Promise<T>): Promise<T | undefined> => {
    if (now() < untilMs) return undefined;
    try {
      return await deadline(timeout, limitMs)(work());
    } catch (cause) {
      untilMs = now() + PAUSE_MS;
      report(new DependencyError("colo copy of the purge log", "failed", { cause }));
      return undefined;
    }
  };
}

/** Each target once, without the records that the floor stands for. */
function deduplicated(delta: Delta, random: () => number): Delta {
  const table = recordTable(random);
  table.drop(delta.floor.seq);
  for (const record of delta.records) table.merge(record);
  const browsers: BrowserTable = new Map();
  mergeBrowsers(browsers, delta.browsers, delta.floor.seq);
  return { ...delta, records: table.all(), browsers: [...browsers.values()] };
}
