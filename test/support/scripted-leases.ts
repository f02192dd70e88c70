// Owns lease keepers that do as a test says, and edges that use them.
import type { LeaseKeeper } from "../../src/leases/lease-keeper.ts";
import type { RuleInput } from "../../src/policy/schema.ts";
import type { Entry, Tier } from "../../src/tiers/tier.ts";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "./edge.ts";

const CACHED = { "cache-control": "max-age=600" };

interface Scripted {
  readonly keeper: LeaseKeeper;
  readonly calls: string[];
  readonly hashes: Set<string>;
}

export function scripted(script: Partial<LeaseKeeper> = {}): Scripted {
  const calls: string[] = [];
  const hashes = new Set<string>();
  const keeper: LeaseKeeper = {
    take(...args) {
      calls.push("take");
      hashes.add(args[0]);
      return script.take?.(...args) ?? Promise.resolve({ kind: "granted" });
    },
    ended(...args) {
      calls.push(`ended ${args[1]} ${String(args[2])}`);
      return script.ended?.(...args) ?? Promise.resolve("stored");
    },
    release(...args) {
      calls.push(`release ${args[2]}`);
      return script.release?.(...args) ?? Promise.resolve(true);
    },
  };
  return { keeper, calls, hashes };
}

export function edgeWith(leases: LeaseKeeper, options: EdgeOptions = {}, rule: Partial<RuleInput> = {}): TestEdge {
  const site = { rules: [{ match: "/*", collapse: "global" as const, ...rule }] };
  return testEdge({ site, leases: () => leases, origin: () => answer("x", CACHED), ...options });
}

/** A tier that several edges share. */
export function sharedTier(): Tier & { readonly entries: Map<string, Entry> } {
  const entries = new Map<string, Entry>();
  return {
    name: "colo",
    entries,
    admits: () => true,
    get: (key) => Promise.resolve(entries.get(key)),
    put: (key, entry) => {
      entries.set(key, entry);
      return Promise.resolve();
    },
    delete: (key) => {
      entries.delete(key);
      return Promise.resolve();
    },
  };
}
