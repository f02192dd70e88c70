// Owns "one at a time": concurrent callers for one name share one run.

export type SingleFlight<T> = {
  run(name: string, work: () => Promise<T>): Promise<T>;
  /** Later callers start a new run, also while an older one is still going. */
  forget(matches: (name: string) => boolean): void;
};

export const singleFlight = <T>(): SingleFlight<T> => {
  const flights = new Map<string, Promise<T>>();
  return {
    run(name, work) {
      const running = flights.get(name);
      if (running !== undefined) return running;
      const flight = work().finally(() => {
        if (flights.get(name) === flight) flights.delete(name);
      });
      flights.set(name, flight);
      return flight;
    },
    forget(matches) {
      for (const name of flights.keys()) if (matches(name)) flights.delete(name);
    },
  };
};
