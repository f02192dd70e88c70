// Owns taking turns: one piece of work under a name at a time; those who come meanwhile share the next one.
import { LATE, type Timeout, within } from "../../base/deadline.ts";

export interface Turns<T> {
  /** Work that began after this call: this caller's, or that of one who has waited with it. */
  take(name: string, work: () => Promise<T>): Promise<T>;
}

/** Whoever has a turn may be gone with its request; then those who wait go on. */
const LIMIT_MS = 4000;

export function turns<T>(timeout: (ms: number) => Timeout): Turns<T> {
  const running = new Map<string, Promise<T>>();

  function begin(name: string, work: () => Promise<T>): Promise<T> {
    const own = work().finally(() => {
      if (running.get(name) === own) running.delete(name);
    });
    running.set(name, own);
    return own;
  }

  return {
    async take(name, work) {
      const before = running.get(name);
      if (!before) return begin(name, work);
      const ended = before.then(
        () => undefined,
        () => undefined,
      );
      if ((await within(timeout(LIMIT_MS), ended)) === LATE && running.get(name) === before) running.delete(name);
      // work is done in the request that does it: the first of those who waited begins
      const next = running.get(name);
      const shared = next ? await within(timeout(LIMIT_MS), next) : LATE;
      return shared === LATE ? begin(name, work) : shared;
    },
  };
}
