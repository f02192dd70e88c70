// Owns the state of one circuit: closed while its requests are answered, open while they break down, half-open for one probe at a time.
import type { BreakerPolicy } from "../../policy/breaker.ts";

/** A circuit's reply to a request that wants to pass. */
export type Stance =
  | { readonly kind: "closed" }
  /** The rest is over: one request may probe the origin. */
  | { readonly kind: "rested" }
  | { readonly kind: "resting"; readonly retryAfterSeconds: number };

/** The right to test whether the origin has recovered. One request has it at a time. */
export interface Probe {
  readonly startedAtMs: number;
  /** A probe that has not ended after this long was cut off. */
  readonly limitMs: number;
}

/** How often the circuit had opened when a request was sent. Reports from an earlier era change nothing. */
export type Era = number;

export interface Circuit {
  stance(nowMs: number): Stance;
  era(): Era;
  probe(nowMs: number, limitMs: number): Probe;
  /** A request was answered, so the origin is alive: closes the circuit. */
  answered(nowMs: number, sentIn: Era): void;
  /** `member`: the path, segment or rule that broke down. `askedSeconds`: the rest that the origin itself asked for. */
  broken(nowMs: number, sentIn: Era, member: string, askedSeconds?: number): void;
  /** The probe broke down: the circuit rests again, for longer. */
  probeBroken(probe: Probe, nowMs: number, askedSeconds?: number): void;
  /** The probe ended without result: the next request may try at once. */
  release(probe: Probe): void;
}

export interface CircuitOptions {
  readonly policy: BreakerPolicy;
  /** The circuit opens only after so many different members broke down with no answer in between. 1: the circuit covers one path. */
  readonly spread: number;
  /** In [0, 1): spreads the probes of many isolates. */
  readonly random: () => number;
}

/** No circuit rests longer, unless its first rest is longer already. Seconds. */
const MAX_REST_SECONDS = 60;
/** A rest is up to this share longer or shorter. */
const JITTER = 0.25;

const CLOSED: Stance = { kind: "closed" };

export function circuit({ policy, spread, random }: CircuitOptions): Circuit {
  const seen = evidence(policy, spread);
  let open: { readonly sinceMs: number; readonly restMs: number; readonly rests: number } | undefined;
  let probing: Probe | undefined;
  let era: Era = 0;

  function rest(nowMs: number, rests: number, askedSeconds = 0): void {
    const longest = Math.max(MAX_REST_SECONDS, policy.restSeconds);
    const own = Math.min(policy.restSeconds * 2 ** rests, longest) * (1 - JITTER + 2 * JITTER * random());
    open = { sinceMs: nowMs, restMs: Math.max(own, Math.min(askedSeconds, longest)) * 1000, rests };
    probing = undefined;
  }

  return {
    stance: (nowMs) => (open ? stanceIn(open, probing, nowMs) : CLOSED),
    era: () => era,
    probe(nowMs, limitMs) {
      probing = { startedAtMs: nowMs, limitMs };
      return probing;
    },
    answered(nowMs, sentIn) {
      // a request from before the circuit opened: an origin that shuts down still answers such requests
      if (sentIn !== era) return;
      seen.answered(nowMs, open !== undefined);
      open = undefined;
      probing = undefined;
    },
    broken(nowMs, sentIn, member, askedSeconds) {
      // the request was sent before the circuit opened, or without asking it: the breakdown is known already
      if (open || sentIn !== era) return;
      seen.broken(nowMs, member);
      if (!seen.isDown(nowMs)) return;
      era += 1;
      rest(nowMs, 0, askedSeconds);
    },
    probeBroken(probe, nowMs, askedSeconds) {
      // a later probe has taken the place of this one
      if (open && probing === probe) rest(nowMs, open.rests + 1, askedSeconds);
    },
    release(probe) {
      if (probing === probe) probing = undefined;
    },
  };
}

interface Rest {
  readonly sinceMs: number;
  readonly restMs: number;
}

function stanceIn({ sinceMs, restMs }: Rest, probing: Probe | undefined, nowMs: number): Stance {
  // after a clock was set back, a rest begun in the future counts as long over
  const leftMs = restMs - Math.abs(nowMs - sinceMs);
  const isTaken = probing !== undefined && Math.abs(nowMs - probing.startedAtMs) < probing.limitMs;
  if (leftMs <= 0 && !isTaken) return { kind: "rested" };
  return { kind: "resting", retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1000)) };
}

/** Counts how requests ended, and tells from that whether the circuit must open. */
function evidence(policy: BreakerPolicy, spread: number) {
  const window = countedWindow(policy.windowSeconds);
  const unanswered = runOf(spread);
  /** Breakdowns in a row that are no accident: the policy's share of its least number of requests. */
  const telling = Math.ceil(policy.requests * policy.share);
  let provenAliveAtMs = Number.NEGATIVE_INFINITY;
  return {
    /** `closes`: the circuit was open, so the counts from before are forgotten. */
    answered(nowMs: number, closes: boolean): void {
      if (closes || unanswered.length() >= telling) provenAliveAtMs = nowMs;
      if (closes) window.forget();
      unanswered.end();
      window.count(nowMs, "answered");
    },
    broken(nowMs: number, member: string): void {
      unanswered.add(member);
      window.count(nowMs, "broken");
    },
    /** A path opens by its own breakdowns. A group must be down as a whole: one answer proves for a while that it is not. */
    isDown(nowMs: number): boolean {
      const { ended, broken } = window.sums();
      if (ended < policy.requests || broken < ended * policy.share) return false;
      if (spread === 1) return true;
      const isProvenAlive = Math.abs(nowMs - provenAliveAtMs) < policy.windowSeconds * 1000;
      return unanswered.length() >= telling && unanswered.members() >= spread && !isProvenAlive;
    },
  };
}

/** Counts breakdowns since the last answer, and the members that broke down, up to `enough`. */
function runOf(enough: number) {
  const members = new Set<string>();
  let length = 0;
  return {
    add(member: string): void {
      length += 1;
      if (members.size < enough) members.add(member);
    },
    end(): void {
      length = 0;
      members.clear();
    },
    length: (): number => length,
    members: (): number => members.size,
  };
}

/** Counts requests that ended within the last `windowSeconds`, and breakdowns among them. */
function countedWindow(windowSeconds: number) {
  const seconds: { readonly atSecond: number; ended: number; broken: number }[] = [];
  return {
    count(nowMs: number, how: "answered" | "broken"): void {
      const second = Math.floor(nowMs / 1000);
      while (seconds[0] && seconds[0].atSecond <= second - windowSeconds) seconds.shift();
      let current = seconds.at(-1);
      // after a clock was set back, counting goes on where it was
      if (!current || current.atSecond < second) {
        current = { atSecond: second, ended: 0, broken: 0 };
        seconds.push(current);
      }
      current.ended += 1;
      if (how === "broken") current.broken += 1;
    },
    sums: () => ({
      ended: seconds.reduce((sum, each) => sum + each.ended, 0),
      broken: seconds.reduce((sum, each) => sum + each.broken, 0),
    }),
    forget(): void {
      seconds.length = 0;
    },
  };
}
