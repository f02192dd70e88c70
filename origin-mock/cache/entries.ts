// Owns the steps that talk to Redis about entries: look or take the lease, settle a load, replace. None of them rejects.
import { randomUUID } from "node:crypto";
import { encodeEntry, decodeEntry } from "./envelope.ts";
import type { CacheAddress, CacheKeyBuilder } from "./key.ts";
import type { RedisPort } from "./port.ts";
import type { Removals } from "./removals.ts";
import { OPEN, REPLACE, SETTLE } from "./scripts.ts";

export interface Place {
  readonly address: CacheAddress;
  readonly variant: string;
}

/**
 * The result of a look. Every member but `value` and `none` names the generation that a load beginning now belongs to.
 */
export type Found<T> =
  | { readonly status: "value"; readonly value: T }
  | { readonly status: "none" }
  /** The caller holds the lease: others wait for its load. */
  | { readonly status: "lead"; readonly generation: string; readonly token: string }
  /** Nobody waits for this load, but its value may be stored. */
  | { readonly status: "lend"; readonly generation: string }
  | { readonly status: "wait"; readonly generation: string }
  | { readonly status: "unreadable" };

export type Verdict =
  | { readonly what: "value"; readonly text: string; readonly lifetimeMs: number }
  | { readonly what: "none" | "unshared"; readonly lifetimeMs: number }
  | { readonly what: "failed" };
export type Settlement = Place & {
  readonly generation: string;
  readonly token: string | undefined;
  readonly verdict: Verdict;
};
/** The generation of an address when a change of it began. */
export interface Fence {
  readonly address: CacheAddress;
  readonly generation: string;
}

export type Mode = "lease" | "look";

const EMPTY_GENERATION_MS = 10_000;
// The generation and the mark of the first fill count as fields.
const MOST_FIELDS = 502;
const LARGEST_ENTRY_BYTES = 1024 * 1024;

interface Opened {
  readonly generation: string;
  readonly status: string;
  readonly text: string;
}

function parseOpened(reply: unknown): Opened {
  const [generation, status, text]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof generation !== "string" || typeof status !== "string" || typeof text !== "string") {
    throw new TypeError("the script of the cache answered in another shape");
  }
  return { generation, status, text };
}

/** Undefined when it is too large to be kept. */
export function entryText(value: unknown): string | undefined {
  const text = encodeEntry(value);
  return Buffer.byteLength(text) <= LARGEST_ENTRY_BYTES ? text : undefined;
}

function foundOf<T>({ generation, status, text }: Opened, token: string, parse: (value: unknown) => T | undefined) {
  switch (status) {
    case "hit": {
      const value = decodeEntry(text, parse);
      return value === undefined ? ({ status: "unreadable" } as const) : ({ status: "value", value } as const);
    }
    case "none":
      return { status } as const;
    case "lead":
      return { status, generation, token } as const;
    case "wait":
      return { status, generation } as const;
    default:
      return { status: "lend", generation } as const;
  }
}

interface Parts {
  readonly redis: Pick<RedisPort, "eval">;
  readonly keys: CacheKeyBuilder;
  readonly removals: Removals;
  readonly leaseMs: number;
  readonly report: (what: string, error: unknown) => void;
}

function keysOf(keys: CacheKeyBuilder, places: readonly { readonly address: CacheAddress }[]): readonly string[] {
  return [keys.incarnations, ...places.map(({ address }) => keys.key(address))];
}

function createOpening({ redis, keys, leaseMs }: Parts) {
  const open = async (
    mode: Mode | "fence",
    token: string,
    places: readonly (Place & { readonly rejected?: string })[],
  ): Promise<readonly Opened[]> => {
    const limits = [leaseMs, EMPTY_GENERATION_MS, MOST_FIELDS, LARGEST_ENTRY_BYTES].map(String);
    const args = places.flatMap(({ address, variant, rejected = "" }) => [address.entity, variant, rejected]);
    const reply = await redis.eval(OPEN, keysOf(keys, places), [String(keys.version), token, mode, ...limits, ...args]);
    if (!Array.isArray(reply) || reply.length !== places.length)
      throw new TypeError("the cache's script answered less");
    return reply.map(parseOpened);
  };

  /** An unreadable entry ends its generation, so that its replacement can be stored. */
  const openReadable = async <T>(places: readonly Place[], mode: Mode, parse: (value: unknown) => T | undefined) => {
    const token = randomUUID();
    const opened = await open(mode, token, places);
    const found: Found<T>[] = opened.map((one) => foundOf(one, token, parse));
    const unreadable = places.flatMap((place, index) => {
      const [one, what] = [opened[index], found[index]];
      return what?.status === "unreadable" ? [{ ...place, rejected: one?.generation ?? "", index }] : [];
    });
    if (unreadable.length === 0) return found;
    const again = randomUUID();
    const reopened = await open(mode, again, unreadable);
    const replaced = new Map(unreadable.map(({ index }, at) => [index, reopened[at]]));
    return found.map((one, index) => {
      const other = replaced.get(index);
      return other === undefined ? one : foundOf(other, again, parse);
    });
  };

  return { open, openReadable };
}

export type Entries = ReturnType<typeof createEntries>;

export function createEntries(parts: Parts) {
  const { redis, keys, removals, report } = parts;
  const { open, openReadable } = createOpening(parts);
  return {
    /** In the order of the places. Undefined when Redis does not answer. */
    async look<T>(
      places: readonly Place[],
      mode: Mode,
      parse: (value: unknown) => T | undefined,
    ): Promise<readonly Found<T>[] | undefined> {
      try {
        await removals.pay();
        return await openReadable(places, mode, parse);
      } catch (error) {
        report("redis read", error);
        return undefined;
      }
    },

    async settle(settlements: readonly Settlement[]): Promise<void> {
      const args = settlements.flatMap(({ address, variant, generation, token = "", verdict }) => [
        address.entity,
        variant,
        generation,
        token,
        verdict.what,
        verdict.what === "value" ? verdict.text : "",
        verdict.what === "failed" ? "0" : String(verdict.lifetimeMs),
      ]);
      try {
        await redis.eval(SETTLE, keysOf(keys, settlements), [String(MOST_FIELDS), ...args]);
      } catch (error) {
        report("redis fill", error);
      }
    },

    async fence(address: CacheAddress): Promise<Fence | undefined> {
      try {
        await removals.pay();
        const [opened] = await open("fence", randomUUID(), [{ address, variant: "" }]);
        return opened === undefined ? undefined : { address, generation: opened.generation };
      } catch (error) {
        report("redis read", error);
        return undefined;
      }
    },

    /**
     * Resolves to whether the entry was written. Otherwise the address was removed, or Redis did not answer: remove
     * it.
     */
    async replace({ address, generation }: Fence, variant: string, text: string, lifetimeMs: number): Promise<boolean> {
      const place = [keys.prefix, String(keys.version), keys.suffix(address), address.entity];
      const args = [...place, generation, randomUUID(), variant, text, String(lifetimeMs)];
      try {
        return (await redis.eval(REPLACE, keysOf(keys, [{ address }]), args)) === 1;
      } catch (error) {
        report("redis write", error);
        return false;
      }
    },
  };
}
