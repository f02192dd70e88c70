// Owns the copy of the purge log that the isolates of a colo share: a snapshot, seldom written, and a tail of later changes with the time they were read.
import { within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { type Copy, copyOn, type CopyOptions } from "./copy-parts.ts";
import type { Cursor, Delta } from "../wire/records.ts";
import type { LogAnswer, LogReader } from "../reader/log-reader.ts";
import { mergedDelta, suffices } from "../wire/delta-merge.ts";

/** At a random share of the wanted age between these, a reader renews the tail ahead of need. */
const EARLY = { from: 0.6, to: 0.8 };
/** How long a claim to ask the log keeps other isolates from asking, milliseconds: where they must wait, and where the claim is ahead of need. */
const CLAIM_MS = 250;
const EARLY_CLAIM_MS = 500;
/** How many claimants an isolate waits for before it asks by itself. */
const MAX_ROUNDS = 4;
/** After a request has had no answer for this long, the colo counts the log as out of reach, milliseconds. No client waits longer. */
const SLOW_MS = 1000;
/** Meanwhile one isolate of the colo probes the log this often, milliseconds. */
const PROBE_MS = 500;
/** Pauses between polls for another isolate's answer, milliseconds. */
const POLLS_MS: readonly number[] = [20, 30, 50, 70, 100];

/** Reads the log through the copy. It asks the log itself when the copy is too old, and about once a colo just before. */
export function coloCopy(log: LogReader, options: CopyOptions): LogReader {
  const { now, random, timeout } = options;
  const copy = copyOn(options);
  /** When this isolate last tried to renew the tail ahead of need. */
  let earlyAtMs = Number.NEGATIVE_INFINITY;

  /** Asks the log for the changes after `base`, or after a reader's position, and writes them to the copy behind the tail. */
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

  /** The tail, joined with the snapshot for a reader that lacks more; `undefined` where a gap is left. */
  async function deltaFor(cursor: Cursor | undefined, tail: Delta): Promise<Delta | undefined> {
    if (suffices(tail, cursor)) return tail;
    const base = await copy.snapshot();
    const whole = base && mergedDelta(base, tail);
    return whole && suffices(whole, cursor) ? whole : undefined;
  }

  /** The answer that another isolate of this colo fetches; `undefined` where none does, or it may have died. */
  async function othersAnswer(cursor: Cursor | undefined, oldestMs: number, tries = 0): Promise<LogAnswer | undefined> {
    const pauseMs = POLLS_MS[tries];
    if (pauseMs === undefined || !(await copy.isClaimed("claim", CLAIM_MS))) return undefined;
    await timeout(pauseMs).passed;
    const tail = await copy.tail();
    const delta = tail && tail.sentAtMs >= oldestMs ? await deltaFor(cursor, tail.delta) : undefined;
    return tail && delta ? { ...tail, delta } : othersAnswer(cursor, oldestMs, tries + 1);
  }

  /**
   * Another isolate's answer, or this isolate's turn to ask: one asks at a time, and the next where that gets no answer. @throws where
   * the log is out of reach.
   */
  async function turnToAsk(
    cursor: Cursor | undefined,
    tail: LogAnswer | undefined,
    oldestMs: number,
    round = 1,
  ): Promise<LogAnswer | "ours" | "probe"> {
    if (await probes(copy, tail)) return "probe";
    const isFree = !(await copy.isClaimed("claim", CLAIM_MS));
    // without a copy many isolates are cold at once, and after a claimant died many wait: the last to claim asks
    if (isFree && ((tail && round === 1) || (await copy.claim("claim")))) return "ours";
    const brought = await othersAnswer(cursor, oldestMs);
    return brought ?? (round < MAX_ROUNDS ? turnToAsk(cursor, tail, oldestMs, round + 1) : "ours");
  }

  /** The rest of the copy, however old: its purges still count. */
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
        // even where the colo does not take the new tail
        if (turn === "probe") await copy.markWell();
        return answer;
      }
      const answer = { ...tail, delta };
      const earlyMs = maxAgeMs * (EARLY.from + (EARLY.to - EARLY.from) * random());
      return ageMs <= earlyMs ? answer : { ...answer, later: early(tail.delta, maxAgeMs) };
    },
  };
}

/** Tells the colo when the log does not answer: all its isolates together must not keep a recovering log down. */
async function askLog(
  log: LogReader,
  copy: Copy,
  { now, timeout }: CopyOptions,
  cursor: Cursor | undefined,
  maxAgeMs: number,
): Promise<LogAnswer> {
  const sentAtMs = now();
  const answer = log.since(cursor, maxAgeMs);
  // silence counts after a while, a refusal at once; an answer in an unknown format is an answer
  const isSilent = answer.then(
    () => false,
    (cause: unknown) => !(cause instanceof DependencyError),
  );
  if ((await within(timeout(SLOW_MS), isSilent)) !== false) await copy.markOut(sentAtMs);
  return answer;
}

/** True where the log is out of reach and this isolate may probe it. @throws where another isolate probes. */
async function probes(copy: Copy, tail: LogAnswer | undefined): Promise<boolean> {
  if (!(await copy.isOut(tail))) return false;
  if (!(await copy.isClaimed("probe", PROBE_MS)) && (await copy.claim("probe"))) return true;
  throw new DependencyError("purge log", "is out of reach, as others in this colo have found");
}
