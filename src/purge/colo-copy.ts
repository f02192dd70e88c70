// Owns the copy of the purge log that the isolates of a colo share: a snapshot, seldom written, and a tail that says when it was true.
import { DependencyError } from "../error.ts";
import type { SetDeadline } from "./deadline.ts";
import { recordTable } from "./record-table.ts";
import type { Cursor, Delta } from "./records.ts";
import type { LogAnswer, LogReader } from "./reader.ts";
import type { Filed, Shelf } from "./shelf.ts";
import { joined, suffices } from "./stretches.ts";
import { decodeDelta, encodeDelta } from "./wire.ts";

export interface ColoCopyOptions {
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
/** Between these shares of the age that is asked for, by chance, a reader has the tail made anew. */
const EARLY = { from: 0.6, to: 0.8 };
/** How long one who asks the log keeps others from it, milliseconds: those who must wait, and those who need not yet. */
const CLAIM_MS = 250;
const EARLY_CLAIM_MS = 500;
/** Pauses between the looks of those who wait, milliseconds. */
const LOOKS_MS: readonly number[] = [20, 30, 50, 70, 100];

/** The log, asked through the copy: it is asked itself when the copy is too old, and about once a colo before it becomes so. */
export function coloCopy(log: LogReader, options: ColoCopyOptions): LogReader {
  const { now, random, timeout } = options;
  const copy = copyOn(options);
  /** When this isolate last wanted the tail made anew before it had to be. */
  let earlyAtMs = Number.NEGATIVE_INFINITY;

  /** Asks the log for what a stretch lacks, or a reader, and files what comes behind the tail. */
  async function ask(
    stretch: Delta | undefined,
    at: Cursor | undefined,
    maxAgeMs: number,
    tail = stretch,
  ): Promise<LogAnswer> {
    const cursor = stretch ? { incarnation: stretch.incarnation, seq: stretch.seq } : at;
    const news = await log.since(cursor, maxAgeMs);
    const delta = (stretch && joined(stretch, news.delta)) ?? news.delta;
    return { delta, sentAtMs: news.sentAtMs, later: copy.file(news, tail).then(() => undefined) };
  }

  async function early(tail: Delta, maxAgeMs: number): Promise<LogAnswer | undefined> {
    const claimMs = Math.min(EARLY_CLAIM_MS, maxAgeMs / 2);
    if (now() - earlyAtMs < claimMs) return undefined;
    earlyAtMs = now();
    if ((await copy.isClaimed(claimMs)) || !(await copy.claim())) return undefined;
    const { later, ...answer } = await ask(tail, undefined, maxAgeMs);
    await later;
    return answer;
  }

  /** The tail, for a cold reader with the snapshot before it; `undefined` where something is missing between. */
  async function stretchFor(cursor: Cursor | undefined, tail: Delta): Promise<Delta | undefined> {
    if (suffices(tail, cursor)) return tail;
    const base = await copy.snapshot();
    const whole = base && joined(base, tail);
    return whole && suffices(whole, cursor) ? whole : undefined;
  }

  /** What another isolate of this colo brings, if one is asking; it may have died. */
  async function othersAnswer(cursor: Cursor | undefined, oldestMs: number, tries = 0): Promise<LogAnswer | undefined> {
    const pauseMs = LOOKS_MS[tries];
    if (pauseMs === undefined || !(await copy.isClaimed(CLAIM_MS))) return undefined;
    await timeout(pauseMs).passed;
    const tail = await copy.tail();
    const delta = tail && tail.sentAtMs >= oldestMs ? await stretchFor(cursor, tail.delta) : undefined;
    return tail && delta ? { delta, sentAtMs: tail.sentAtMs } : othersAnswer(cursor, oldestMs, tries + 1);
  }

  /** What is left of the copy, however old: it adds what it knows. */
  async function leftOver(cursor: Cursor | undefined): Promise<LogAnswer | undefined> {
    const tail = await copy.tail();
    return tail && { ...tail, delta: (await stretchFor(cursor, tail.delta)) ?? tail.delta };
  }

  return {
    late: [leftOver, ...(log.late ?? [])],
    async since(cursor, maxAgeMs) {
      if (maxAgeMs <= 0) return log.since(cursor, maxAgeMs);
      const startedAtMs = now();
      const tail = await copy.tail();
      const delta = tail && (await stretchFor(cursor, tail.delta));
      const ageMs = startedAtMs - (tail?.sentAtMs ?? Number.NEGATIVE_INFINITY);
      if (!tail || !delta || ageMs > maxAgeMs) {
        const oldestMs = startedAtMs - maxAgeMs;
        const others = await othersAnswer(cursor, oldestMs);
        if (others) return others;
        // where there is no copy many may be as cold as this one: the last who claimed asks, the others wait for it
        const isOurs = tail !== undefined || (await copy.claim());
        const meanwhile = isOurs ? undefined : await othersAnswer(cursor, oldestMs);
        if (meanwhile) return meanwhile;
        const [answer] = await Promise.all([ask(delta, cursor, maxAgeMs, tail?.delta), tail && copy.claim()]);
        return answer;
      }
      const answer = { delta, sentAtMs: tail.sentAtMs };
      const earlyMs = maxAgeMs * (EARLY.from + (EARLY.to - EARLY.from) * random());
      return ageMs <= earlyMs ? answer : { ...answer, later: early(tail.delta, maxAgeMs) };
    },
  };
}

/** The parts of the copy. Whatever is wrong with one counts as if it were not there. */
interface Copy {
  tail(): Promise<LogAnswer | undefined>;
  snapshot(): Promise<Delta | undefined>;
  isClaimed(withinMs: number): Promise<boolean>;
  /** False where another was later. */
  claim(): Promise<boolean>;
  /** Files what the log said, behind the tail it was asked for if there is one. */
  file(news: LogAnswer, before: Delta | undefined): Promise<void>;
}

function copyOn({ shelf, now, timeout, random, report }: ColoCopyOptions): Copy {
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  async function tried<T>(waitMs: number, work: () => Promise<T>): Promise<T | undefined> {
    if (now() < restsUntilMs) return undefined;
    const late = timeout(waitMs);
    try {
      return await Promise.race([work(), late.passed.then(refuse)]);
    } catch (cause) {
      restsUntilMs = now() + REST_MS;
      report(new DependencyError("colo copy of the purge log", "failed", { cause }));
      return undefined;
    } finally {
      late.cancel();
    }
  }

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
    async file({ delta: news, sentAtMs }, before) {
      const tail = compact((before && joined(before, news)) ?? news, random);
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
