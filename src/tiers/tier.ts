// Owns the ports of storage: one tier with what it keeps, and the stack of them as the flow sees it.
import type { ContentCoding } from "../http/coding.ts";
import type { FieldReader } from "../http/fields.ts";
import type { CacheKey } from "../http/key.ts";
import type { Absence } from "../http/reuse.ts";
import type { Stored } from "../http/stored.ts";
import type { Epoch } from "./invalidations.ts";

export type TierName = "memory" | "colo" | "global";

/**
 * Bytes may be shared between requests. A stream belongs to the request that opened it and is read once. `whole` resolves with its
 * bytes when the stream to be stored has ended as it should and rejects when it broke off: the Cache API may keep what broke off as if it
 * were complete, so nothing is stored before.
 */
export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer>; readonly encoded?: Encoded | undefined }
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array>; readonly whole?: Promise<number> };

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

export type Entry =
  | { readonly kind: "response"; readonly stored: Stored; readonly body: Body }
  | { readonly kind: "vary"; readonly index: VaryIndex };

export interface Tier {
  readonly name: TierName;
  /** Whether the response is worth keeping here; asked before `put`. */
  admits(stored: Stored, body: Body): boolean;
  /** The entry kept under exactly this key; a memory tier answers without a promise. May reject: see `guarded`. */
  get(key: CacheKey): Promise<Entry | undefined> | Entry | undefined;
  /** Keeps the entry for `seconds` at most, or drops what it held. A stream that is not `whole` leaves nothing behind. */
  put(key: CacheKey, entry: Entry, seconds: number): Promise<void> | void;
  delete(key: CacheKey): Promise<void> | void;
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
  readonly index: VaryIndex | undefined;
}

/** Where a response is to be filed: the resource, the request that selected it, and the index the lookup met. */
export interface Place {
  readonly key: CacheKey;
  readonly request: FieldReader;
  readonly index: VaryIndex | undefined;
  /** Whether the rule admits the global tier. */
  readonly global: boolean;
  /** How many variants of a resource are kept. */
  readonly maxVariants: number;
  /** `Stack.epoch` when the request began: an invalidation since then wins over what it stores. */
  readonly epoch: Epoch;
}

export interface Stack {
  /** Largest body that `store` keeps in memory; a larger one is streamed with `storeStream`. Bytes. */
  readonly maxBufferedBytes: number;
  /**
   * The first stored response for which `enough` holds, or the youngest of those found. `background` keeps promotions alive.
   * Answers without a promise when memory has it.
   */
  lookup(
    place: Omit<Place, "index">,
    enough: (stored: Stored) => boolean,
    background: (work: Promise<void>) => void,
  ): Lookup | Promise<Lookup>;
  /** Keeps a body's encoded form beside it, for as long as memory holds exactly these bytes; `undefined` where encoding does not pay. */
  keepEncoded(bytes: Uint8Array, coding: ContentCoding, form: Uint8Array<ArrayBuffer> | undefined): void;
  epoch(): Epoch;
  /** Forgets the resource with all its variants, in this isolate, this colo and the global tier. */
  invalidate(key: CacheKey): Promise<void>;
  /** In memory at once; the promise covers the other tiers. */
  store(place: Place, stored: Stored, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** In the colo only, and only once `whole` has resolved. */
  storeStream(place: Place, stored: Stored, body: Body & { kind: "stream" }): Promise<void>;
}
