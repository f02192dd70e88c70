// Owns the durations of one exchange's steps, and the Server-Timing field that carries them (W3C Server Timing 2).

/** Waiting for the purge log, a tier, another request's fetch, or the origin's header section. */
const STEPS = ["purges", "lookup", "wait", "origin"] as const;
export type Step = (typeof STEPS)[number];

export interface Timings {
  /** Returns the same work. Its time counts until the work ends or the field is written. */
  timed<T>(step: Step, work: Promise<T>): Promise<T>;
  /** Takes the Server-Timing of the origin's latest answer. */
  heard(field: string | undefined): void;
  /** `detail`: the outcome, as Cache-Status names it. */
  field(detail: string): string;
}

interface Span {
  readonly step: Step;
  readonly startedAtMs: number;
  endedAtMs: number | undefined;
}

interface Measured {
  readonly timings?: Timings | undefined;
}

/** Measures the work where the exchange has timings. */
export function timed<T>({ timings: measured }: Measured, step: Step, work: Promise<T>): Promise<T> {
  return measured?.timed(step, work) ?? work;
}

/** Starts now. */
export function timings(now: () => number): Timings {
  const startedAtMs = now();
  const spans: Span[] = [];
  let origins: string | undefined;

  /** A span during which the clock was set back counts as 0. */
  const sum = (all: readonly Omit<Span, "step">[], nowMs: number): string =>
    String(all.reduce((ms, span) => ms + Math.max(0, (span.endedAtMs ?? nowMs) - span.startedAtMs), 0));

  return {
    timed(step, work) {
      const span: Span = { step, startedAtMs: now(), endedAtMs: undefined };
      spans.push(span);
      return work.finally(() => {
        span.endedAtMs = now();
      });
    },
    heard(field) {
      origins = field;
    },
    field(detail) {
      const nowMs = now();
      const steps = STEPS.flatMap((step) => {
        const taken = spans.filter((span) => span.step === step);
        return taken.length === 0 ? [] : [`strata-${step};dur=${sum(taken, nowMs)}`];
      });
      const own = `strata;desc="${detail}";dur=${sum([{ startedAtMs, endedAtMs: nowMs }], nowMs)}`;
      // ours first: an unclosed quote in the origin's field would swallow members after it
      return [own, ...steps, ...(origins === undefined ? [] : [origins])].join(", ");
    },
  };
}
