// Owns "one runs, the others wait for it": concurrent identical misses of this process share one answer, if it is one to share.

export type Flight<T> =
  /** `land` must be called, whatever happens: with what the others may have, or undefined where each must run itself. */
  | { readonly kind: "lead"; land(answer: T | undefined): void }
  | { readonly kind: "follow"; readonly answer: Promise<T | undefined> };
export interface Flights<T> {
  join(name: string): Flight<T>;
}

/** `patienceMs`: how long a leader is waited for, counted from its start. Later callers then have a leader of their own. */
export function createFlights<T>(patienceMs: number): Flights<T> {
  const running = new Map<string, Promise<T | undefined>>();
  return {
    join(name) {
      const flight = running.get(name);
      if (flight !== undefined) return { kind: "follow", answer: flight };
      const { promise, resolve } = Promise.withResolvers<T | undefined>();
      const land = (answer: T | undefined): void => {
        clearTimeout(patience);
        if (running.get(name) === promise) running.delete(name);
        resolve(answer);
      };
      const patience = setTimeout(land, patienceMs, undefined);
      running.set(name, promise);
      return { kind: "lead", land };
    },
  };
}
