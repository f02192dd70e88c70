// Owns a lower tier in a Map for tests of what stands above it: it counts calls and fails on demand.
import type { CacheKey } from "../../src/http/select/key.ts";
import type { Body, Entry, Tier } from "../../src/tiers/tier.ts";
import { contentOf } from "./stored.ts";

export interface MapTier extends Tier {
  readonly entries: Map<CacheKey, Entry>;
  readonly calls: { get: number; put: number; delete: number; look: number };
  /** Runs before each get; may throw or wait. */
  beforeGet: () => Promise<void> | void;
  beforePut: () => Promise<void> | void;
}

/** `streamsOver`: bodies larger than this are handed out as streams, as the colo tier does. */
export function mapTier(name: "colo" | "global", streamsOver = Number.POSITIVE_INFINITY): MapTier {
  const entries = new Map<CacheKey, Entry>();
  const calls = { get: 0, put: 0, delete: 0, look: 0 };
  const tier: MapTier = {
    name,
    ...(name === "colo" ? { maxStreamedBytes: Number.POSITIVE_INFINITY } : {}),
    entries,
    calls,
    beforeGet: () => undefined,
    beforePut: () => undefined,
    admits: (_, body) => name === "colo" || body.kind === "bytes",
    async get(key) {
      calls.get += 1;
      await tier.beforeGet();
      const entry = entries.get(key);
      if (entry?.kind !== "response" || entry.body.kind !== "bytes" || entry.body.bytes.length <= streamsOver)
        return entry;
      return { ...entry, body: { kind: "stream", stream: new Blob([entry.body.bytes]).stream() } };
    },
    async put(key, entry) {
      calls.put += 1;
      await tier.beforePut();
      if (entry.kind === "vary") {
        entries.set(key, entry);
        return;
      }
      const body: Body = { kind: "bytes", bytes: await contentOf(entry.body) };
      entries.set(key, { ...entry, body });
    },
    delete(key) {
      calls.delete += 1;
      entries.delete(key);
    },
    head(key) {
      calls.look += 1;
      return Promise.resolve(entries.get(key) ?? { kind: "nothing" });
    },
  };
  return tier;
}
