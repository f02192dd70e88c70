// Owns the promise that a tier never fails a request: what throws or hangs counts as a miss and is reported.
import { DependencyError } from "../error.ts";
import type { Entry, Glimpse, Tier } from "./tier.ts";

export type ReportError = (error: DependencyError) => void;

/** Wraps a tier so that its methods always fulfil; all but `put` give up after `timeoutMs`. */
export function guarded(tier: Tier, timeoutMs: number, report: ReportError): Tier {
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
          return await withDeadline(answer, timeoutMs);
        } catch (cause) {
          // it may still come, with a stream that nobody will read
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
        await withDeadline(tier.delete(key), timeoutMs);
      } catch (cause) {
        reported("delete", cause);
      }
    },
    async look(key): Promise<Glimpse> {
      try {
        return tier.look ? await withDeadline(tier.look(key), timeoutMs) : { kind: "nothing" };
      } catch (cause) {
        reported("look", cause);
        return { kind: "unknown" };
      }
    },
  };
}

function discardEntry(entry: Entry | undefined): void {
  if (entry?.kind === "response" && entry.body.kind === "stream")
    void entry.body.stream.cancel().catch(() => undefined);
}

async function withDeadline<T>(work: Promise<T> | T, ms: number): Promise<T> {
  let timer: number | null = null;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(ms)} ms`));
    }, ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
