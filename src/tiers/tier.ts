// Owns the ports of storage: one tier with what it keeps, and the stack of them as the flow sees it.
import type { ContentCoding } from "../http/select/coding.ts";
import type { FieldReader } from "../http/message/fields.ts";
import type { CacheKey } from "../http/select/key.ts";
import type { Absence } from "../http/law/reuse.ts";
import type { Stored } from "../http/law/stored.ts";
import type { Tick } from "./invalidations.ts";

export type TierName = "memory" | "colo" | "global";

/**
 * Bytes may be shared between requests. A stream belongs to the request that opened it and is read once. `whole` resolves with its
 * bytes when the stream to be stored has ended as it should and rejects when it broke off: the Cache API may keep what broke off as if it
 * were complete, so nothing is stored before.
 */
export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer>; readonly encoded?: Encoded | undefined }
  | {
      readonly kind: "stream";
      readonly stream: ReadableStream<Uint8Array>;
      readonly whole?: Promise<number> | undefined;
      readonly slice?: RangeReader | undefined;
    };

/** Reads the bytes from `first` to `last` of a kept body without those before; `undefined` where the tier cannot. */
export type RangeReader = (first: number, last: number) => Promise<ReadableStream<Uint8Array> | undefined>;

/** Forms of a body that memory keeps beside it; "plain" where encoding it does not pay. */
export type Encoded = Readonly<Partial<Record<ContentCoding, Uint8Array<ArrayBuffer> | "plain">>>;

/** What a resource's responses are known to vary on, and the variants kept, oldest first. Lives under the resource's key. */
export interface VaryIndex {
  /** Part of the variants' keys: an index made anew after an invalidation does not find what the old one listed. */
  readonly generation: string;
  /** Lower case, sorted. */
  readonly fields: readonly string[];
  readonly variants: readonly CacheKey[];
  /** Content-Language -> the Accept-Language that selected it, both in their normal form. */
  readonly languages: readonly (readonly [language: string, accepted: string])[];
}

/** An index as a lookup met it. */
export interface KnownIndex extends VaryIndex {
  /** What the global tier has under the resource's key, where the lookup has read it. */
  readonly inGlobal?: KnownHead & { readonly kind: "vary" };
}

/** A response that lives within the index; `own` is the key under which it would live otherwise. */
export interface CarriedResponse {
  readonly own: CacheKey;
  readonly stored: Stored;
}

/** In the global tier an index may carry one variant's response: a fill is one write. */
export type Entry =
  | { readonly kind: "response"; readonly stored: Stored; readonly body: Body }
  | {
      readonly kind: "vary";
      readonly index: VaryIndex;
      readonly carried?: (CarriedResponse & { readonly body: Body }) | undefined;
    };

/** An entry without its bytes. */
export type KnownHead =
  | { readonly kind: "response"; readonly stored: Stored }
  | { readonly kind: "vary"; readonly index: VaryIndex; readonly carried?: CarriedResponse | undefined };

/** What a look found; "unknown" where the tier did not say. */
export type EntryHead = KnownHead | { readonly kind: "nothing" | "unknown" };

export interface Tier {
  readonly name: TierName;
  /** Largest body it takes as a stream; absent where it takes none. Bytes. */
  readonly maxStreamedBytes?: number | undefined;
  /** Whether the response is worth keeping here; asked before `put`. */
  admits(stored: Stored, body: Body): boolean;
  /** The entry kept under exactly this key; a memory tier answers without a promise. May reject: see `guarded`. */
  get(key: CacheKey): Promise<Entry | undefined> | Entry | undefined;
  /** Keeps the entry for `seconds` at most, or drops what it held. A stream that is not `whole` leaves nothing behind. */
  put(key: CacheKey, entry: Entry, seconds: number): Promise<void> | void;
  delete(key: CacheKey): Promise<void> | void;
  /** What is kept under this key, without its bytes: where a write costs so much that it is looked first. */
  head?(key: CacheKey): Promise<EntryHead>;
}

export interface Found {
  readonly stored: Stored;
  readonly body: Body;
  readonly tier: TierName;
}

export interface Lookup {
  readonly found: Found | undefined;
  /** What to say where nothing was found. */
  readonly absence: Absence;
  /** What the resource is known to vary on; `store` wants it back. */
  readonly index: KnownIndex | undefined;
}

/** Where a response is to be filed: the resource, the request that selected it, and the index the lookup met. */
export interface CacheSlot {
  readonly key: CacheKey;
  readonly request: FieldReader;
  /** Marks of a part of the page that the request has: only a response to the same marks answers it. */
  readonly fragments?: readonly string[] | undefined;
  readonly index: KnownIndex | undefined;
  /** Whether the rule admits the global tier. */
  readonly global: boolean;
  /** How many variants of a resource are kept. */
  readonly maxVariants: number;
  /** `Stack.tick` when the request began: an invalidation since then wins over what it stores. */
  readonly startedAt: Tick;
  /** The stored response that this one renews; where something newer lies by now, that stays. */
  readonly renews?: Stored | undefined;
  /** Nobody else fills this resource at present: what is dear to write is written without pause and look. */
  readonly sole?: boolean;
}

/** Bytes taken out of the memory budget. */
export interface Reservation {
  /** Says that whoever it is for is still at work; to be called every 30 s. */
  renew(): void;
  /** Gives the bytes back. Further calls do nothing. */
  release(): void;
}

export interface Stack {
  /** Largest body that `store` keeps in memory; a larger one is streamed with `storeStream`. Bytes. */
  readonly maxBufferedBytes: number;
  /** Largest body that `storeStream` keeps; 0 where there is no colo tier. Bytes. */
  readonly maxStreamedBytes: number;
  /** Takes bytes out of the memory budget; `undefined` where there is no room. */
  reserve(bytes: number): Reservation | undefined;
  /**
   * The first stored response for which `enough` holds, or the youngest of those found. `background` keeps promotions alive.
   * Answers without a promise when memory has it.
   */
  lookup(
    slot: Omit<CacheSlot, "index">,
    enough: (stored: Stored) => boolean,
    background: (work: Promise<void>) => void,
  ): Lookup | Promise<Lookup>;
  /** Keeps a body's encoded form beside it, for as long as memory holds exactly these bytes; `undefined` where encoding does not pay. */
  keepEncoded(bytes: Uint8Array, coding: ContentCoding, form: Uint8Array<ArrayBuffer> | undefined): void;
  tick(): Tick;
  /** Whether the resource was invalidated after `tick`: what was asked for before is not stored. */
  invalidatedSince(key: CacheKey, tick: Tick): boolean;
  /** Forgets the resource with all its variants, in this isolate, this colo and the global tier. */
  invalidate(key: CacheKey, atMs?: number): Promise<void>;
  /**
   * The three steps of `invalidate`. From now on nothing is stored of the resource that was asked for before, nor is a copy
   * believed that was received before `atMs`: KV shows for a while what was deleted.
   */
  supersede(key: CacheKey, atMs?: number): void;
  /** In this isolate and this colo. */
  dropNear(key: CacheKey): Promise<void>;
  /** In the global tier; until that is done this isolate does not look there. */
  dropFar(key: CacheKey): Promise<void>;
  /** Whether any tier holds anything of the resource; also where the global tier does not say. */
  holds(key: CacheKey): Promise<boolean>;
  /**
   * Forgets one stored response of a resource, in this isolate, this colo and the global tier where the rule admits that, and answers with
   * no copy of it any more. Its other variants stay, and what is newer than it. Memory has forgotten it before this returns.
   */
  drop(slot: CacheSlot, stored: Stored): Promise<void>;
  /** In memory at once; the promise covers the other tiers. */
  store(slot: CacheSlot, stored: Stored, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** In the colo only, and only once `whole` has resolved. */
  storeStream(slot: CacheSlot, stored: Stored, body: Body & { kind: "stream" }): Promise<void>;
}
