// Owns the ports of storage: one tier and its entries, and the stack of tiers as the flow sees it.
import type { ContentCoding } from "../http/select/coding.ts";
import type { FieldReader } from "../http/message/fields.ts";
import type { CacheKey } from "../http/select/key.ts";
import type { Absence } from "../http/law/reuse.ts";
import type { Stored } from "../http/law/stored.ts";
import type { Tick } from "./invalidations.ts";

export type TierName = "memory" | "colo" | "global";

/**
 * Requests may share bytes. A stream belongs to the request that opened it and is read once. `whole` resolves with the length when a
 * stream to be stored ended as it should, and rejects when it broke off: the Cache API may keep a broken stream as if it were complete,
 * so nothing is stored before.
 */
export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer>; readonly encoded?: Encoded | undefined }
  | {
      readonly kind: "stream";
      readonly stream: ReadableStream<Uint8Array>;
      readonly whole?: Promise<number> | undefined;
      readonly slice?: RangeReader | undefined;
    };

/** Reads bytes `first` to `last` of a stored body without those before; `undefined` where the tier cannot. */
export type RangeReader = (first: number, last: number) => Promise<ReadableStream<Uint8Array> | undefined>;

/** Encoded forms that memory keeps beside a body; "plain" where encoding does not pay. */
export type Encoded = Readonly<Partial<Record<ContentCoding, Uint8Array<ArrayBuffer> | "plain">>>;

/** The fields a resource is known to vary on, and its stored variants, oldest first. Stored under the resource's key. */
export interface VaryIndex {
  /** Part of the variants' keys: an index made anew after an invalidation does not find the variants of the old one. */
  readonly generation: string;
  /** Lower case, sorted. */
  readonly fields: readonly string[];
  readonly variants: readonly CacheKey[];
  /** Content-Language -> the Accept-Language that selected it, both in their normal form. */
  readonly languages: readonly (readonly [language: string, accepted: string])[];
}

/** An index as a lookup found it. */
export interface KnownIndex extends VaryIndex {
  /** The global tier's entry under the resource's key, if the lookup has read it. */
  readonly inGlobal?: KnownHead & { readonly kind: "vary" };
}

/** A response stored inside the index; `own` is the key under which it would be stored otherwise. */
export interface CarriedResponse {
  readonly own: CacheKey;
  readonly stored: Stored;
}

/** In the global tier an index may carry one variant's response, so that a fill is one write. */
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

/** The result of `head`; "unknown" where the tier did not say. */
export type EntryHead = KnownHead | { readonly kind: "nothing" | "unknown" };

export interface Tier {
  readonly name: TierName;
  /** Largest body it takes as a stream; absent where it takes none. Bytes. */
  readonly maxStreamedBytes?: number | undefined;
  /** Whether the response is worth keeping here; asked before `put`. */
  admits(stored: Stored, body: Body): boolean;
  /** The entry under exactly this key. Memory answers without a promise. May reject: see `guarded`. */
  get(key: CacheKey): Promise<Entry | undefined> | Entry | undefined;
  /** Keeps the entry for at most `seconds`, or drops its predecessor. A stream that is not `whole` leaves nothing behind. */
  put(key: CacheKey, entry: Entry, seconds: number): Promise<void> | void;
  delete(key: CacheKey): Promise<void> | void;
  /** The entry under this key without its bytes. Only for tiers where a write costs so much that reading first is cheaper. */
  head?(key: CacheKey): Promise<EntryHead>;
}

export interface Found {
  readonly stored: Stored;
  readonly body: Body;
  readonly tier: TierName;
}

export interface Lookup {
  readonly found: Found | undefined;
  /** The reason where nothing was found. */
  readonly absence: Absence;
  /** The resource's index as far as known; pass it on to `store`. */
  readonly index: KnownIndex | undefined;
}

/** Where a response will be stored: the resource, the request that selected it, and the index that the lookup found. */
export interface CacheSlot {
  readonly key: CacheKey;
  readonly request: FieldReader;
  /** The request's fragment markers: only a response to the same markers answers it. */
  readonly fragments?: readonly string[] | undefined;
  readonly index: KnownIndex | undefined;
  /** Whether the rule admits the global tier. */
  readonly global: boolean;
  /** Most variants kept of a resource. */
  readonly maxVariants: number;
  /** `Stack.tick` before the lookup in the stack: a later invalidation wins over the response. */
  readonly startedAt: Tick;
  /** The stored response that this one renews; anything newer in its place stays. */
  readonly renews?: Stored | undefined;
  /** No other edge fills this resource now: skip the pause and the read before a costly write. */
  readonly sole?: boolean;
}

/** Bytes reserved in the memory budget. */
export interface Reservation {
  /** Keeps the reservation alive; call it every 30 s. */
  renew(): void;
  /** Releases the bytes. Further calls do nothing. */
  release(): void;
}

export interface Stack {
  /** Largest body that `store` keeps in memory, bytes; stream a larger one with `storeStream`. */
  readonly maxBufferedBytes: number;
  /** Largest body that `storeStream` keeps, bytes; 0 without a colo tier. */
  readonly maxStreamedBytes: number;
  /** Reserves bytes of the memory budget; `undefined` where there is no room. */
  reserve(bytes: number): Reservation | undefined;
  /**
   * The first stored response for which `enough` holds, else the youngest found. `background` keeps promotions alive. Answers without a
   * promise when memory has it.
   */
  lookup(
    slot: Omit<CacheSlot, "index">,
    enough: (stored: Stored) => boolean,
    background: (work: Promise<void>) => void,
  ): Lookup | Promise<Lookup>;
  /** Keeps an encoded form beside a body while memory holds exactly these bytes; `undefined` where encoding does not pay. */
  keepEncoded(bytes: Uint8Array, coding: ContentCoding, form: Uint8Array<ArrayBuffer> | undefined): void;
  tick(): Tick;
  /** Whether the resource was invalidated after `tick`: a response to an earlier request is not stored. */
  invalidatedSince(key: CacheKey, tick: Tick): boolean;
  /** Forgets the resource with all variants, in this isolate, this colo and the global tier. */
  invalidate(key: CacheKey, atMs?: number): Promise<void>;
  /**
   * The first of three steps of `invalidate`. From now on no response to an earlier request is stored, nor a copy believed that was
   * received before `atMs`: KV shows deleted entries for a while.
   */
  supersede(key: CacheKey, atMs?: number): void;
  /** The second step: in this isolate and this colo. */
  dropNear(key: CacheKey): Promise<void>;
  /** The third step: in the global tier, which this isolate does not read until that is done. */
  dropFar(key: CacheKey): Promise<void>;
  /** Whether any tier holds anything of the resource; true also where the global tier does not say. */
  holds(key: CacheKey): Promise<boolean>;
  /**
   * Forgets one stored response, in this isolate, this colo and, where the rule admits it, the global tier; no copy of it answers any
   * more. Other variants and newer responses stay. Memory drops it before this returns.
   */
  drop(slot: CacheSlot, stored: Stored): Promise<void>;
  /** Stores in memory at once; the promise covers the other tiers. */
  store(slot: CacheSlot, stored: Stored, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Stores in the colo only, and only once `whole` has resolved. */
  storeStream(slot: CacheSlot, stored: Stored, body: Body & { kind: "stream" }): Promise<void>;
}
