// Owns the promise that no tier fails a request: a tier that throws or hangs counts as a miss and is reported.
import { DependencyError } from "../error.ts";
import { discardBody } from "./lookup.ts";
import type { Entry, EntryHead, Tier } from "./tier.ts";

export type ReportError = (error: DependencyError) => void;

/** The same work; rejects when it takes too long. */
export type Deadline = <T>(work: Promise<T>) => Promise<T>;

/** Wraps a tier so that its methods never reject; all but `put` give up at their `deadline`. */
export function guarded(tier: Tier, deadline: Deadline, report: ReportError): Tier {
  const reported = (operation: string, cause: unknown): undefined => {
    report(new DependencyError(`${tier.name} tier`, `${operation} failed`, { cause }));
  };
  return {
    name: tier.name,
    maxStreamedBytes: tier.maxStreamedBytes,
    admits: (stored, body) => tier.admits(stored, body),
    async get(key) {
      try {
        const answer = Promise.resolve(tier.get(key));
        try {
          return await deadline(answer);
        } catch (cause) {
          // the entry may still come, with a stream that nobody will read
          answer.then(discardEntry, () => undefined);
          throw cause;
        }
      } catch (cause) {
        return reported("get", cause);
      }
    },
    async put(key, entry, seconds) {
      try {
        await tier.put(key, entry, seconds);
      } catch (cause) {
        reported("put", cause);
      }
    },
    async delete(key) {
      try {
        await deadline(Promise.resolve(tier.delete(key)));
      } catch (cause) {
        reported("delete", cause);
      }
    },
    async head(key): Promise<EntryHead> {
      try {
        return tier.head ? await deadline(tier.head(key)) : { kind: "nothing" };
      } catch (cause) {
        reported("head", cause);
        return { kind: "unknown" };
      }
    },
  };
}

function discardEntry(entry: Entry | undefined): void {
  if (entry?.kind === "response") discardBody(entry.body);
}
