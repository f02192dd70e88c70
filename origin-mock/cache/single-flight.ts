// Owns the sharing of loads inside one process: callers for one name share one run.

export interface SingleFlight<T> {
  /** Joins the current run, or starts one. */
  join(name: string, work: () => Promise<T>): Promise<T>;
  /** Always starts a run, which later callers join. */
  lead(name: string, work: () => Promise<T>): Promise<T>;
}

/**
 * For names that contain the version of their subject: a caller that must not see an older answer uses another name.
 */
export function singleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Promise<T>>();
  const lead = (name: string, work: () => Promise<T>): Promise<T> => {
    const flight = work().finally(() => {
      if (flights.get(name) === flight) flights.delete(name);
    });
    flights.set(name, flight);
    return flight;
  };
  return { join: (name, work) => flights.get(name) ?? lead(name, work), lead };
}

export type NextFlight<T> = (name: string, work: () => Promise<T>) => Promise<T>;

/** One run at a time. A caller shares only a run that begins after its call, so it never sees an earlier state. */
export function nextFlight<T>(): NextFlight<T> {
  const running = new Map<string, Promise<T>>();
  const waiting = new Map<string, Promise<T>>();
  const begin = (name: string, work: () => Promise<T>): Promise<T> => {
    waiting.delete(name);
    const flight = work().finally(() => {
      if (running.get(name) === flight) running.delete(name);
    });
    running.set(name, flight);
    return flight;
  };
  return (name, work) => {
    const queued = waiting.get(name);
    if (queued !== undefined) return queued;
    const before = running.get(name);
    if (before === undefined) return begin(name, work);
    const start = (): Promise<T> => begin(name, work);
    const next = before.then(start, start);
    waiting.set(name, next);
    return next;
  };
}
