// Owns when something expensive is recomputed: one run at a time, and one more for all who asked during it.
import { messageOf } from "../error.ts";

export type Refreshed = { readonly kind: "refreshed" } | { readonly kind: "failed"; readonly reason: string };

export type Refresher = {
  /** Resolves after a run that began after the asking, so that it has seen what was committed before. Never rejects. */
  ask(): Promise<Refreshed>;
};

export const createRefresher = (parts: {
  readonly refresh: () => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}): Refresher => {
  const run = async (): Promise<Refreshed> => {
    try {
      await parts.refresh();
      return { kind: "refreshed" };
    } catch (error) {
      parts.report("refresh", error);
      return { kind: "failed", reason: messageOf(error) };
    }
  };
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Refreshed> | undefined;
  return {
    ask() {
      // Never the run that goes on: it may have begun before the asker's commit, and proves nothing to the asker.
      waiting ??= running.then(() => {
        waiting = undefined;
        const current = run();
        running = current;
        return current;
      });
      return waiting;
    },
  };
};
