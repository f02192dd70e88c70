// Owns request collapsing in this process: concurrent identical misses share one answer if it may be shared.

export type Flight<T> =
  /**
   * The leader must call `land`, however it ends: with an answer to share, or with undefined to make each follower run
   * itself.
   */
  | { readonly kind: "lead"; land(answer: T | undefined): void }
  | { readonly kind: "follow"; readonly answer: Promise<T | undefined> };
export interface Flights<T> {
  join(name: string): Flight<T>;
}

/** `patienceMs`: how long followers wait for a leader, from its start. Later callers get a new leader. */
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
