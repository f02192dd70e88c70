// Owns the parts of a colo's copy of the purge log: tail, snapshot, who asks, and that nobody answers. Whatever is wrong with one counts as absent.
import { DependencyError } from "../error.ts";
import type { SetDeadline } from "./deadline.ts";
import { recordTable } from "./record-table.ts";
import type { Delta } from "./records.ts";
import type { LogAnswer } from "./reader.ts";
import type { Filed, Shelf } from "./shelf.ts";
import { joined } from "./stretches.ts";
import { decodeDelta, encodeDelta } from "./wire.ts";

export interface CopyOptions {
  readonly shelf: Shelf;
  readonly now: () => number;
  readonly timeout: SetDeadline;
  readonly random: () => number;
  readonly report: (error: DependencyError) => void;
}

/** Clocks of one colo's machines may differ by so much: a copy counts as that much older than it says, milliseconds. */
const CLOCK_SKEW_MS = 25;
/** A larger tail is folded into the snapshot. */
const TAIL_BYTES = 64 * 1024;
const KEPT_SECONDS = 7 * 86_400;
/** How long a read or a write may take, milliseconds; a snapshot has megabytes. */
const SHELF_WAIT_MS = 100;
const SNAPSHOT_WAIT_MS = 400;
/** How long the copy is left alone after it failed, milliseconds. */
const REST_MS = 1000;
/** After so long that nobody said that the log is out of reach all may ask it again, milliseconds. */
const OUT_MS = 10_000;

export interface Copy {
  tail(): Promise<LogAnswer | undefined>;
  snapshot(): Promise<Delta | undefined>;
  isClaimed(withinMs: number): Promise<boolean>;
  /** False where another was later. */
  claim(): Promise<boolean>;
  /** Whether a question that was sent after the last one with an answer has none. */
  isOut(answeredAtMs: number | undefined): Promise<boolean>;
  markOut(sentAtMs: number): Promise<void>;
  /** Files what the log said, behind the tail it was asked for if there is one. */
  file(news: LogAnswer, behind: Delta | undefined): Promise<void>;
}

export function copyOn({ shelf, now, random, ...others }: CopyOptions): Copy {
  const tried = leftAloneAfterFailures({ now, ...others });
  const get = (name: string, waitMs = SHELF_WAIT_MS): Promise<Filed | undefined> =>
    tried(waitMs, () => shelf.get(name));
  const put = (name: string, atMs: number, bytes: Uint8Array): Promise<void> =>
    tried(SHELF_WAIT_MS, () => shelf.put(name, { atMs, bytes }, KEPT_SECONDS));

  async function snapshot(): Promise<Delta | undefined> {
    const filed = await get("snapshot", SNAPSHOT_WAIT_MS);
    return filed && decodeDelta(filed.bytes);
  }

  return {
    snapshot,
    async isOut(answeredAtMs = Number.NEGATIVE_INFINITY) {
      const outAtMs = (await get("outage"))?.atMs ?? Number.NEGATIVE_INFINITY;
      return outAtMs > answeredAtMs && Math.abs(now() - outAtMs) < OUT_MS;
    },
    markOut: (sentAtMs) => put("outage", sentAtMs, new Uint8Array()),
    async tail() {
      const filed = await get("tail");
      const delta = filed && decodeDelta(filed.bytes);
      // one from the future was made by a clock that cannot be compared with ours
      if (!delta || filed.atMs > now() + CLOCK_SKEW_MS) return undefined;
      return { delta, sentAtMs: filed.atMs - CLOCK_SKEW_MS };
    },
    async isClaimed(withinMs) {
      const ageMs = now() - ((await get("claim"))?.atMs ?? Number.NEGATIVE_INFINITY);
      return ageMs < withinMs && ageMs >= -CLOCK_SKEW_MS;
    },
    async claim() {
      const mark = Math.floor(random() * 2 ** 32);
      await put("claim", now(), new Uint8Array(Uint32Array.of(mark).buffer));
      const bytes = (await get("claim"))?.bytes;
      return bytes?.length !== 4 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === mark;
    },
    async file({ delta: news, sentAtMs }, behind) {
      const tail = compact((behind && joined(behind, news)) ?? news, random);
      const bytes = encodeDelta(tail);
      if (bytes.length <= TAIL_BYTES) return put("tail", sentAtMs, bytes);
      const base = tail.from === 0 ? tail : await snapshot();
      const whole = base && joined(base, tail);
      // without a snapshot before it, it would grow for ever: then only what is new is filed
      if (!whole || whole.from > 0) return put("tail", sentAtMs, encodeDelta(news));
      await tried(SNAPSHOT_WAIT_MS, () =>
        shelf.put("snapshot", { atMs: sentAtMs, bytes: encodeDelta(compact(whole, random)) }, KEPT_SECONDS),
      );
      return put("tail", sentAtMs, encodeDelta({ ...whole, from: whole.seq, records: [] }));
    },
  };
}

/** Makes work take a bounded time and come to nothing where it fails; after that nothing is tried for a while. */
function leftAloneAfterFailures({ now, timeout, report }: Pick<CopyOptions, "now" | "timeout" | "report">) {
  let untilMs = Number.NEGATIVE_INFINITY;
  return async <T>(waitMs: number, work: () => Promise<T>): Promise<T | undefined> => {
    if (now() < untilMs) return undefined;
    const late = timeout(waitMs);
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
