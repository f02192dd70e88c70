// Owns the questions to the log that are under way in an isolate, and who may share them.
import type { LogReader } from "./reader.ts";

export type Background = (work: Promise<unknown>) => void;

export interface Question {
  /** True where the log answered it and the answer was of use; never rejects. */
  readonly answered: Promise<boolean>;
  readonly sentAtMs: number;
  readonly maxAgeMs: number;
}

export interface Questions {
  /** The latest of those that may be shared. */
  latest(): Question | undefined;
  ask(log: LogReader, maxAgeMs: number, background: Background): Question;
  /** The latest if it was sent at `oldestMs` or later and is not `refused`, which was waited for in vain; or a new one. */
  share(log: LogReader, maxAgeMs: number, background: Background, oldestMs: number, refused?: Question): Question;
  /** The answer to a question that is sent from now on; true: it is somebody else's. */
  strict(log: LogReader, background: Background): { readonly answered: Promise<boolean>; readonly isShared: boolean };
}

/**
 * @param put puts the question to the log and takes in the answer.
 * @param deadMs a question this old died with the request that sent it.
 */
export function questions(
  now: () => number,
  deadMs: number,
  put: (log: LogReader, maxAgeMs: number, background: Background) => Promise<boolean>,
): Questions {
  let latest: Question | undefined;
  let strict: Question | undefined;
  /** Follows the strict question under way, for those who came after that was sent. */
  let strictNext: Promise<boolean> | undefined;

  function send(
    log: LogReader,
    maxAgeMs: number,
    background: Background,
    over: (question: Question) => void,
  ): Question {
    const sentAtMs = now();
    const answered = put(log, maxAgeMs, background);
    const question = { answered, sentAtMs, maxAgeMs };
    // a client that leaves must not take the answer away from the others who wait for it
    background(
      answered.then(() => {
        over(question);
      }),
    );
    return question;
  }

  function ask(log: LogReader, maxAgeMs: number, background: Background): Question {
    latest = send(log, maxAgeMs, background, (question) => {
      if (latest === question) latest = undefined;
    });
    return latest;
  }

  function askStrictly(log: LogReader, background: Background): Promise<boolean> {
    strictNext = undefined;
    strict = send(log, 0, background, (question) => {
      if (strict === question) strict = undefined;
    });
    return strict.answered;
  }

  return {
    latest: () => latest,
    ask,
    share(log, maxAgeMs, background, oldestMs, refused) {
      const serves = latest && latest !== refused && latest.sentAtMs >= oldestMs && latest.maxAgeMs <= maxAgeMs;
      return latest && serves ? latest : ask(log, maxAgeMs, background);
    },
    strict(log, background) {
      if (!strict || now() - strict.sentAtMs >= deadMs) {
        return { answered: askStrictly(log, background), isShared: false };
      }
      strictNext ??= strict.answered.then(() => askStrictly(log, background));
      background(strictNext);
      return { answered: strictNext, isShared: true };
    },
  };
}
