// Owns the sharing of loads inside one process: callers for one name share one run.

export interface SingleFlight<T> {
  /** Joins the run that is going on, else starts one. */
  join(name: string, work: () => Promise<T>): Promise<T>;
  /** Starts a run in any case; later callers join this one. */
  lead(name: string, work: () => Promise<T>): Promise<T>;
}

/** For names that end with what they are about: whoever may not see an older answer asks under another name. */
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

/** One run at a time, and a caller shares only runs that began after it came: it never sees what was read before. */
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
