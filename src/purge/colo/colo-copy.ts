// Owns the copy of the purge log that the isolates of a colo share: a snapshot, seldom written, and a tail that says when it was true.
import { within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { type Copy, copyOn, type CopyOptions } from "./copy-parts.ts";
import type { Cursor, Delta } from "../wire/records.ts";
import type { LogAnswer, LogReader } from "../reader/log-reader.ts";
import { mergedDelta, suffices } from "../wire/delta-merge.ts";

/** Between these shares of the age that is asked for, by chance, a reader has the tail made anew. */
const EARLY = { from: 0.6, to: 0.8 };
/** How long one who asks the log keeps others from it, milliseconds: those who must wait, and those who need not yet. */
const CLAIM_MS = 250;
const EARLY_CLAIM_MS = 500;
/** How many of those who ask are waited for: until it is known that the log is out of reach. */
const MAX_ROUNDS = 4;
/** A question without an answer after so long tells the colo that the log is out of reach, milliseconds: no request waits longer. */
const SLOW_MS = 1000;
/** While it is, one of the colo asks so often, milliseconds. */
const PROBE_MS = 500;
/** Pauses between the looks of those who wait, milliseconds. */
const POLLS_MS: readonly number[] = [20, 30, 50, 70, 100];

/** The log, asked through the copy: it is asked itself when the copy is too old, and about once a colo before it becomes so. */
export function coloCopy(log: LogReader, options: CopyOptions): LogReader {
  const { now, random, timeout } = options;
  const copy = copyOn(options);
  /** When this isolate last wanted the tail made anew before it had to be. */
  let earlyAtMs = Number.NEGATIVE_INFINITY;

  /** Asks the log for what a stretch lacks, or a reader, and files what comes behind the tail. */
  async function ask(
    base: Delta | undefined,
    at: Cursor | undefined,
    maxAgeMs: number,
    tail = base,
  ): Promise<LogAnswer> {
    const cursor = base ? { incarnation: base.incarnation, seq: base.seq } : at;
    const news = await askLog(log, copy, options, cursor, maxAgeMs);
    const delta = (base && mergedDelta(base, news.delta)) ?? news.delta;
    return { delta, sentAtMs: news.sentAtMs, later: copy.write(news, tail).then(() => undefined) };
  }

  async function early(tail: Delta, maxAgeMs: number): Promise<LogAnswer | undefined> {
    const claimMs = Math.min(EARLY_CLAIM_MS, maxAgeMs / 2);
    if (now() - earlyAtMs < claimMs) return undefined;
    earlyAtMs = now();
    if ((await copy.isClaimed("claim", claimMs)) || !(await copy.claim("claim"))) return undefined;
    const { later, ...answer } = await ask(tail, undefined, maxAgeMs);
    await later;
    return answer;
  }

  /** The tail, for a cold reader with the snapshot before it; `undefined` where something is missing between. */
  async function deltaFor(cursor: Cursor | undefined, tail: Delta): Promise<Delta | undefined> {
    if (suffices(tail, cursor)) return tail;
    const base = await copy.snapshot();
    const whole = base && mergedDelta(base, tail);
    return whole && suffices(whole, cursor) ? whole : undefined;
  }

  /** What another isolate of this colo brings, if one is asking; it may have died. */
  async function othersAnswer(cursor: Cursor | undefined, oldestMs: number, tries = 0): Promise<LogAnswer | undefined> {
    const pauseMs = POLLS_MS[tries];
    if (pauseMs === undefined || !(await copy.isClaimed("claim", CLAIM_MS))) return undefined;
    await timeout(pauseMs).passed;
    const tail = await copy.tail();
    const delta = tail && tail.sentAtMs >= oldestMs ? await deltaFor(cursor, tail.delta) : undefined;
    return tail && delta ? { ...tail, delta } : othersAnswer(cursor, oldestMs, tries + 1);
  }

  /** What another isolate brings, or leave to ask: one does at a time, and where it gets no answer the next. @throws where the log is out of reach. */
  async function turnToAsk(
    cursor: Cursor | undefined,
    tail: LogAnswer | undefined,
    oldestMs: number,
    round = 1,
  ): Promise<LogAnswer | "ours" | "probe"> {
    if (await probes(copy, tail)) return "probe";
    const isFree = !(await copy.isClaimed("claim", CLAIM_MS));
    // where there is no copy many may be as cold as this one, and where one has died many wait: the last who claimed asks
    if (isFree && ((tail && round === 1) || (await copy.claim("claim")))) return "ours";
    const brought = await othersAnswer(cursor, oldestMs);
    return brought ?? (round < MAX_ROUNDS ? turnToAsk(cursor, tail, oldestMs, round + 1) : "ours");
  }

  /** What is left of the copy, however old: it adds what it knows. */
  async function leftOver(cursor: Cursor | undefined): Promise<LogAnswer | undefined> {
    const tail = await copy.tail();
    return tail && { ...tail, delta: (await deltaFor(cursor, tail.delta)) ?? tail.delta };
  }

  return {
    fallbacks: [leftOver, ...(log.fallbacks ?? [])],
    async since(cursor, maxAgeMs) {
      if (maxAgeMs <= 0) return log.since(cursor, maxAgeMs);
      const startedAtMs = now();
      const tail = await copy.tail();
      const delta = tail && (await deltaFor(cursor, tail.delta));
      const ageMs = startedAtMs - (tail?.sentAtMs ?? Number.NEGATIVE_INFINITY);
      if (!tail || !delta || ageMs > maxAgeMs) {
        const turn = await turnToAsk(cursor, tail, startedAtMs - maxAgeMs);
        if (typeof turn === "object") return turn;
        const [answer] = await Promise.all([ask(delta, cursor, maxAgeMs, tail?.delta), tail && copy.claim("claim")]);
        // also where the tail is not taken
        if (turn === "probe") await copy.markWell();
        return answer;
      }
      const answer = { ...tail, delta };
      const earlyMs = maxAgeMs * (EARLY.from + (EARLY.to - EARLY.from) * random());
      return ageMs <= earlyMs ? answer : { ...answer, later: early(tail.delta, maxAgeMs) };
    },
  };
}

/** Where the log has no answer the colo hears of it: all of its isolates together must not keep down what tries to get up. */
async function askLog(
  log: LogReader,
  copy: Copy,
  { now, timeout }: CopyOptions,
  cursor: Cursor | undefined,
  maxAgeMs: number,
): Promise<LogAnswer> {
  const sentAtMs = now();
  const answer = log.since(cursor, maxAgeMs);
  // silence counts after a while, a refusal at once; an answer that cannot be read is one
  const isSilent = answer.then(
    () => false,
    (cause: unknown) => !(cause instanceof DependencyError),
  );
  if ((await within(timeout(SLOW_MS), isSilent)) !== false) await copy.markOut(sentAtMs);
  return answer;
}

/** Whether the log is out of reach and this isolate the one to try again. @throws where it is another. */
async function probes(copy: Copy, tail: LogAnswer | undefined): Promise<boolean> {
  if (!(await copy.isOut(tail))) return false;
  if (!(await copy.isClaimed("probe", PROBE_MS)) && (await copy.claim("probe"))) return true;
  throw new DependencyError("purge log", "is out of reach, as others in this colo have found");
}
