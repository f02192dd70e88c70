// Owns taking turns: one piece of work at a time under a name; callers that come meanwhile share the next one.
import { LATE, type Timeout, within } from "../../base/deadline.ts";

export interface Turns<T> {
  /** The result of work that began after this call: the caller's own, or that of another caller that waited with it. */
  take(name: string, work: () => Promise<T>): Promise<T>;
}

/** The caller that has the turn may be gone with its request; after this long the waiting ones go on, milliseconds. */
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
      // work runs in the request that starts it: the first caller that waited starts the next
      const next = running.get(name);
      const shared = next ? await within(timeout(LIMIT_MS), next) : LATE;
      return shared === LATE ? begin(name, work) : shared;
    },
  };
}
