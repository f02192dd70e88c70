// Owns the circuit breakers, one for each origin: closed while it answers, open while it fails, half-open for one probe at a time.

/** Whether a request may go to the origin. */
export type Admission =
  | { readonly kind: "closed" }
  /** The one request that finds out whether the origin has recovered. */
  | { readonly kind: "probe"; readonly startedAtMs: number }
  | { readonly kind: "refused"; readonly retryAfterSeconds: number };

export interface Breakers {
  admit(origin: string): Admission;
  /** How an admitted request ended. `retryAfterSeconds`: what the origin itself asked for. */
  report(origin: string, admission: Admission, failed: boolean, retryAfterSeconds?: number): void;
}

export interface BreakerOptions {
  readonly now: () => number;
  /** In [0, 1): spreads the probes of many isolates. */
  readonly random: () => number;
}

/** It opens at half of at least 50 requests within ten seconds. */
const WINDOW_SECONDS = 10;
const LEAST_REQUESTS = 50;
const FAILED_SHARE = 0.5;
/** The first rest; each failed probe doubles it. Seconds. */
const REST_SECONDS = 5;
const MAX_REST_SECONDS = 60;
/** A rest is up to this share longer or shorter. */
const JITTER = 0.25;
/** A probe without an end after this long was cut off. */
const PROBE_LIMIT_MS = 60_000;
/** More origins than any site has; the one not asked for longest is forgotten. */
const MAX_ORIGINS = 1000;

interface Circuit {
  /** Per second of the window: how many ended, how many of them failed. */
  readonly seconds: { atSecond: number; ended: number; failed: number }[];
  /** Absent while closed. */
  open: { readonly untilMs: number; readonly rests: number } | undefined;
  probeStartedAtMs: number | undefined;
}

export function breakers({ now, random }: BreakerOptions): Breakers {
  const circuits = new Map<string, Circuit>();

  function circuitOf(origin: string): Circuit {
    const circuit = circuits.get(origin) ?? { seconds: [], open: undefined, probeStartedAtMs: undefined };
    circuits.delete(origin);
    circuits.set(origin, circuit);
    const [oldest] = circuits.keys();
    if (circuits.size > MAX_ORIGINS && oldest !== undefined) circuits.delete(oldest);
    return circuit;
  }

  function open(circuit: Circuit, rests: number, asked: number | undefined): void {
    const seconds = Math.min(REST_SECONDS * 2 ** rests, MAX_REST_SECONDS) * (1 - JITTER + 2 * JITTER * random());
    const restSeconds = Math.max(seconds, Math.min(asked ?? 0, MAX_REST_SECONDS));
    circuit.open = { untilMs: now() + restSeconds * 1000, rests };
    circuit.seconds.length = 0;
    circuit.probeStartedAtMs = undefined;
  }

  return {
    admit(origin) {
      const circuit = circuitOf(origin);
      if (!circuit.open) return { kind: "closed" };
      const nowMs = now();
      const probing = circuit.probeStartedAtMs;
      const waitsUntilMs = probing === undefined ? circuit.open.untilMs : probing + PROBE_LIMIT_MS;
      if (nowMs >= waitsUntilMs) {
        circuit.probeStartedAtMs = nowMs;
        return { kind: "probe", startedAtMs: nowMs };
      }
      const restSeconds = Math.ceil((circuit.open.untilMs - nowMs) / 1000);
      return { kind: "refused", retryAfterSeconds: Math.max(1, restSeconds) };
    },
    report(origin, admission, failed, asked) {
      const circuit = circuitOf(origin);
      if (admission.kind === "probe") {
        // a later probe has taken the place of this one
        if (circuit.probeStartedAtMs !== admission.startedAtMs) return;
        if (failed) open(circuit, (circuit.open?.rests ?? 0) + 1, asked);
        else circuits.delete(origin);
        return;
      }
      // what was sent before it opened says nothing of how the origin is now
      if (admission.kind === "refused" || circuit.open) return;
      count(circuit, Math.floor(now() / 1000), failed);
      if (failed && hasFailed(circuit)) open(circuit, 0, asked);
    },
  };
}

function count({ seconds }: Circuit, second: number, failed: boolean): void {
  while (seconds[0] && seconds[0].atSecond <= second - WINDOW_SECONDS) seconds.shift();
  let current = seconds.at(-1);
  // a clock set back counts on where it was
  if (!current || current.atSecond < second) {
    current = { atSecond: second, ended: 0, failed: 0 };
    seconds.push(current);
  }
  current.ended += 1;
  if (failed) current.failed += 1;
}

function hasFailed({ seconds }: Circuit): boolean {
  const ended = seconds.reduce((sum, each) => sum + each.ended, 0);
  const failed = seconds.reduce((sum, each) => sum + each.failed, 0);
  return ended >= LEAST_REQUESTS && failed >= ended * FAILED_SHARE;
}
