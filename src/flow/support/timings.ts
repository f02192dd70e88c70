// Owns how long the steps of one exchange took, and the Server-Timing field that tells it (W3C Server Timing 2).

/** Waiting for knowledge of purges, for a tier, for another request's fetch, for the origin's header section. */
const STEPS = ["purges", "lookup", "wait", "origin"] as const;
export type Step = (typeof STEPS)[number];

export interface Timings {
  /** The same work; counts from now until it is over, or until the field is written. */
  timed<T>(step: Step, work: Promise<T>): Promise<T>;
  /** What the origin says of its own steps, in the answer that came last. */
  heard(field: string | undefined): void;
  /** `detail`: how it was answered, as Cache-Status says it. */
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

/** The same work, measured where that is asked for. */
export function timed<T>({ timings: measured }: Measured, step: Step, work: Promise<T>): Promise<T> {
  return measured?.timed(step, work) ?? work;
}

/** Starts now. */
export function timings(now: () => number): Timings {
  const startedAtMs = now();
  const spans: Span[] = [];
  let origins: string | undefined;

  /** A clock that was set back has measured nothing. */
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
      // ours first: what an origin leaves open, a quote for instance, would swallow what follows it
      return [own, ...steps, ...(origins === undefined ? [] : [origins])].join(", ");
    },
  };
}
