// Owns the promise that no tier fails a request: a tier that throws or hangs counts as a miss and is reported.
import { DependencyError } from "../error.ts";
import type { CacheKey } from "../http/select/key.ts";
import { discardFound } from "./lookup.ts";
import type { Entry, EntryHead, Tier } from "./tier.ts";

export type ReportError = (error: DependencyError) => void;

/** The same work; rejects when it takes too long. */
export type Deadline = <T>(work: Promise<T>) => Promise<T>;

/** Wraps a tier so that its methods never reject; all but `put` give up at their `deadline`. */
export function guarded(tier: Tier, deadline: Deadline, report: ReportError): Tier {
  async function reported<T>(operation: string, work: () => Promise<T> | T, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      report(new DependencyError(`${tier.name} tier`, `${operation} failed`, { cause }));
      return otherwise;
    }
  }

  async function get(key: CacheKey): Promise<Entry | undefined> {
    const answer = Promise.resolve(tier.get(key));
    try {
      return await deadline(answer);
    } catch (cause) {
      // the entry may still come, with a stream that nobody will read
      answer.then(discardEntry, () => undefined);
      throw cause;
    }
  }

  return {
    name: tier.name,
    maxStreamedBytes: tier.maxStreamedBytes,
    admits: (stored, body) => tier.admits(stored, body),
    get: (key) => reported("get", () => get(key), undefined),
    put: (key, entry, seconds) => reported("put", () => tier.put(key, entry, seconds), undefined),
    delete: (key) => reported("delete", () => deadline(Promise.resolve(tier.delete(key))), undefined),
    head: (key) =>
      reported<EntryHead>("head", () => (tier.head ? deadline(tier.head(key)) : { kind: "nothing" }), {
        kind: "unknown",
      }),
  };
}

function discardEntry(entry: Entry | undefined): void {
  if (entry?.kind === "response") discardFound(entry);
}
