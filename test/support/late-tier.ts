// Owns a global tier that several edges share and each sees late, as KV is seen: local KV is immediate, and would prove nothing.
import type { CacheKey } from "../../src/http/select/key.ts";
import type { Entry, Tier } from "../../src/tiers/tier.ts";
import type { Clock } from "./clock.ts";
import { contentOf } from "./stored.ts";

interface Write {
  readonly atMs: number;
  /** Absent: deleted. */
  readonly entry: Entry | undefined;
}

/** One namespace; `seenBy` is one edge's view of it, `lagSeconds` old. */
export interface LateNamespace {
  seenBy(lagSeconds: () => number): Tier;
}

export function lateNamespace(clock: Clock): LateNamespace {
  const history = new Map<CacheKey, Write[]>();
  const write = (key: CacheKey, entry: Entry | undefined): void => {
    history.set(key, [...(history.get(key) ?? []), { atMs: clock.now(), entry }]);
  };
  return {
    seenBy(lagSeconds) {
      const read = (key: CacheKey): Entry | undefined => {
        const until = clock.now() - lagSeconds() * 1000;
        return history.get(key)?.findLast(({ atMs }) => atMs <= until)?.entry;
      };
      return {
        name: "global",
        admits: (_, body) => body.kind === "bytes",
        get: (key) => Promise.resolve(read(key)),
        async put(key, entry) {
          if (entry.kind === "vary") {
            write(key, entry);
            return;
          }
          write(key, { ...entry, body: { kind: "bytes", bytes: await contentOf(entry.body) } });
        },
        delete: (key) => {
          write(key, undefined);
        },
        head: (key) => Promise.resolve(read(key) ?? { kind: "nothing" }),
      };
    },
  };
}
