// Owns a simulated world: one purge log, colos with a Cache API each, and isolates that run the worker's own replica and colo copy.
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import type { TargetHash } from "../../src/http/targets/target.ts";
import { coloCopy } from "../../src/purge/colo/colo-copy.ts";
import type { LogReader } from "../../src/purge/reader/log-reader.ts";
import { type Cursor, type Delta, NO_FLOOR, type PurgeRecord } from "../../src/purge/wire/records.ts";
import { purgeReplica, type Replica } from "../../src/purge/reader/replica.ts";
import type { StoredBlob, BlobCache } from "../../src/purge/colo/blob-cache.ts";
import { type Chance, chance } from "./chance.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

export interface WorldOptions {
  readonly colos: number;
  readonly isolates: number;
  readonly requestsPerSecond: number;
  readonly maxLagMs: number;
  readonly purgesPerSecond: number;
  /** The measurement comes after it. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** "one": the isolates of a colo share a copy; "none": each asks the log. */
  readonly copies: "one" | "none";
  /** How many isolates a colo has: all the same, or few of them most. */
  readonly spread: "even" | "skewed";
  /** The log and the Cache APIs fail or hang for seconds, and the log loses its storage, now and then. */
  readonly faults?: boolean;
  /** How the log, and it alone, fails from the end of the warm-up on: at once, without an answer, or after long. */
  readonly down?: "refuses" | "hangs" | "drops";
  readonly seed: number;
}

export interface Observed {
  readonly requests: number;
  /** Of each request that waited, milliseconds. */
  readonly waitsMs: Float64Array;
  /** Answered without knowledge inside the bound: the rule's `onUnknown` decides. */
  readonly unknown: number;
  /** Judged without a purge that was older than the bound, or by a log that had been lost for longer: must be 0. */
  readonly broken: number;
  /** Requests to the log, second by second; the warm-up's apart. */
  readonly questions: readonly number[];
  readonly warmUpQuestions: readonly number[];
  readonly shelfReads: number;
  readonly shelfWrites: number;
}

const START_MS = Date.UTC(2026, 10, 22);
/** Isolates come and go. */
const ISOLATE_LIFE_MS = 600_000;
/** Machines of a colo differ by up to twice this. */
const CLOCK_OFFSET_MS = 12;
const WAIT_MS = 1000;

interface Tally {
  requests: number;
  waitsMs: number[];
  unknown: number;
  broken: number;
  questions: number[];
  shelfReads: number;
  shelfWrites: number;
}

export async function observe(options: WorldOptions): Promise<Observed> {
  const clock = virtualClock(START_MS);
  const luck = chance(options.seed);
  const measuredFromMs = START_MS + options.warmUpSeconds * 1000;
  const tally: Tally = {
    requests: 0,
    waitsMs: [],
    unknown: 0,
    broken: 0,
    questions: [],
    shelfReads: 0,
    shelfWrites: 0,
  };
  const log = simulatedLog(clock, luck, options, tally);
  const logIsUp = options.down ? goneFrom(clock, measuredFromMs, options.down) : outages(clock, luck, options);
  // a failure is reported: without faults there must be none
  const report = (error: Error): void => {
    if (!options.faults && !options.down) throw error;
  };
  for (const [count, roundTripMs] of colosOf(options, luck)) {
    const blobs = simulatedBlobs(clock, luck, tally, outages(clock, luck, options));
    const reader = (offsetMs: number): LogReader => ({
      async since(cursor) {
        const sentAtMs = clock.now() + offsetMs;
        const tripMs = roundTripMs * luck.between(0.9, 1.3);
        await clock.pause(tripMs / 2);
        log.asked();
        await logIsUp();
        const delta = log.since(cursor);
        await clock.pause(tripMs / 2);
        await logIsUp();
        return { delta, sentAtMs };
      },
    });
    for (let i = 0; i < count; i++) {
      liveIsolate(clock, luck, options, (offsetMs) => {
        const parts = { now: () => clock.now() + offsetMs, timeout: clock.timeout, random: luck.next, report };
        const replica = purgeReplica({ ...parts, waitMs: WAIT_MS });
        const direct = reader(offsetMs);
        const asked =
          options.copies === "one" ? coloCopy(direct, { ...parts, blobs, copyMs: DEFAULT_BOUNDS.copyMs }) : direct;
        return () => {
          request(clock, replica, asked, options.maxLagMs, log.stateAt, tally, measuredFromMs);
        };
      });
    }
  }
  await clock.run(measuredFromMs + options.seconds * 1000);
  return {
    requests: tally.requests,
    waitsMs: Float64Array.from(tally.waitsMs).toSorted(),
    unknown: tally.unknown,
    broken: tally.broken,
    warmUpQuestions: Array.from({ length: options.warmUpSeconds }, (_, i) => tally.questions[i] ?? 0),
    questions: Array.from({ length: options.seconds }, (_, i) => tally.questions[options.warmUpSeconds + i] ?? 0),
    shelfReads: tally.shelfReads,
    shelfWrites: tally.shelfWrites,
  };
}

function request(
  clock: VirtualClock,
  replica: Replica,
  log: LogReader,
  maxLagMs: number,
  stateAt: (ms: number) => State,
  tally: Tally,
  measuredFromMs: number,
): void {
  const cameAtMs = clock.now();
  const isMeasured = cameAtMs >= measuredFromMs;
  const judge = (known: boolean): void => {
    if (!isMeasured) return;
    tally.requests += 1;
    if (!known) tally.unknown += 1;
    else if (isBehind(replica.cursor(), stateAt(cameAtMs - maxLagMs))) tally.broken += 1;
  };
  const known = replica.ensure(log, maxLagMs, () => undefined);
  if (typeof known === "boolean") {
    judge(known);
    return;
  }
  void known.then((answered) => {
    judge(answered);
    if (isMeasured) tally.waitsMs.push(clock.now() - cameAtMs);
  });
}

/** An isolate that gets its share of requests, and is replaced by a cold one now and then. */
function liveIsolate(
  clock: VirtualClock,
  luck: Chance,
  { requestsPerSecond }: WorldOptions,
  born: (offsetMs: number) => () => void,
): void {
  const offsetMs = Math.round(luck.between(-CLOCK_OFFSET_MS, CLOCK_OFFSET_MS));
  let serve = born(offsetMs);
  let diesAtMs = clock.now() + luck.exponential(ISOLATE_LIFE_MS);
  const next = (): void => {
    clock.at(clock.now() + luck.exponential(1000 / requestsPerSecond), () => {
      if (clock.now() >= diesAtMs) {
        serve = born(offsetMs);
        diesAtMs = clock.now() + luck.exponential(ISOLATE_LIFE_MS);
      }
      serve();
      next();
    });
  };
  next();
}

/** How many isolates, and how far from the log. */
function colosOf({ colos, isolates, spread }: WorldOptions, luck: Chance): (readonly [number, number])[] {
  const weights = Array.from({ length: colos }, (_, i) => (spread === "even" ? 1 : 1 / (i + 10)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => [Math.max(1, Math.round((isolates * weight) / sum)), luck.between(20, 250)] as const);
}

/** Which log it was, and its number. */
interface State {
  readonly life: number;
  readonly seq: number;
  readonly sinceMs: number;
}

function isBehind(cursor: Cursor | undefined, { life, seq }: State): boolean {
  const known = Number(cursor?.incarnation ?? -1);
  return known < life || (known === life && (cursor?.seq ?? 0) < seq);
}

const LOSS_EVERY_MS = 8000;

function simulatedLog(clock: VirtualClock, luck: Chance, { purgesPerSecond, faults }: WorldOptions, tally: Tally) {
  let life = 0;
  let records: PurgeRecord[] = [];
  const states: State[] = [{ life, seq: 0, sinceMs: Number.NEGATIVE_INFINITY }];
  const note = (): void => void states.push({ life, seq: records.length, sinceMs: clock.now() });
  const purge = (): void => {
    const seq = records.length + 1;
    const target = Math.floor(luck.next() * 2 ** 32)
      .toString(16)
      .padStart(16, "0") as TargetHash;
    records.push({ target, prefixLength: 0, hardSeq: seq, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 });
    note();
    clock.at(clock.now() + luck.exponential(1000 / purgesPerSecond), purge);
  };
  const lose = (): void => {
    life += 1;
    records = [];
    note();
    clock.at(clock.now() + luck.exponential(LOSS_EVERY_MS), lose);
  };
  if (purgesPerSecond > 0) clock.at(clock.now() + 1, purge);
  if (faults) clock.at(clock.now() + luck.exponential(LOSS_EVERY_MS), lose);
  return {
    asked(): void {
      const second = Math.floor((clock.now() - START_MS) / 1000);
      tally.questions[second] = (tally.questions[second] ?? 0) + 1;
    },
    since(cursor: Cursor | undefined): Delta {
      const incarnation = String(life);
      const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
      return { incarnation, seq: records.length, from, floor: NO_FLOOR, records: records.slice(from), browsers: [] };
    },
    /** As it was just before. */
    stateAt(ms: number): State {
      return states.findLast(({ sinceMs }) => sinceMs < ms) ?? { life: 0, seq: 0, sinceMs: 0 };
    },
  };
}

const DROPS_AFTER_MS = 11_000;

function goneFrom(
  clock: VirtualClock,
  ms: number,
  how: NonNullable<WorldOptions["down"]>,
): () => Promise<void> | undefined {
  const refuse = (): Promise<never> => Promise.reject(new Error("out of reach"));
  return () => {
    if (clock.now() < ms) return undefined;
    if (how === "refuses") return refuse();
    return how === "hangs" ? new Promise(() => undefined) : clock.pause(DROPS_AFTER_MS).then(refuse);
  };
}

const OUTAGE_EVERY_MS = 4000;
const OUTAGE_MS = 1500;

/** Passes while a part is up; else it throws, or never passes. */
function outages(clock: VirtualClock, luck: Chance, { faults }: WorldOptions): () => Promise<void> | undefined {
  let untilMs = 0;
  let hangs = false;
  const fail = (): void => {
    untilMs = clock.now() + luck.exponential(OUTAGE_MS);
    hangs = luck.next() < 0.5;
    clock.at(untilMs + luck.exponential(OUTAGE_EVERY_MS), fail);
  };
  if (faults) clock.at(clock.now() + luck.exponential(OUTAGE_EVERY_MS), fail);
  return () => {
    if (clock.now() >= untilMs) return undefined;
    return hangs ? new Promise(() => undefined) : Promise.reject(new Error("out of reach"));
  };
}

/** The Cache API of a colo: some milliseconds, now and then many. */
function simulatedBlobs(
  clock: VirtualClock,
  luck: Chance,
  tally: Tally,
  isUp: () => Promise<void> | undefined,
): BlobCache {
  const filed = new Map<string, StoredBlob>();
  const latencyMs = (most: number): number => (luck.next() < 0.002 ? luck.between(20, 80) : luck.between(1, most));
  return {
    async get(name) {
      tally.shelfReads += 1;
      await clock.pause(latencyMs(5));
      await isUp();
      return filed.get(name);
    },
    async put(name, one) {
      tally.shelfWrites += 1;
      await clock.pause(latencyMs(8));
      await isUp();
      filed.set(name, one);
    },
  };
}
