// Owns the port every tier implements, and what a tier keeps.
import type { CacheKey } from "../http/key.ts";
import type { Stored } from "../http/stored.ts";

export type TierName = "memory" | "colo" | "global";

/** Bytes may be shared between requests; a stream belongs to the request that opened it and is read once. */
export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> };

/** What a resource's responses are known to vary on, and the variants kept, oldest first. Lives under the resource's key. */
export interface VaryIndex {
  /** Lower case, sorted. */
  readonly fields: readonly string[];
  readonly variants: readonly CacheKey[];
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
  /** Keeps the entry for `seconds` at most, or drops what it held. A stream body that errors leaves nothing behind. */
  put(key: CacheKey, entry: Entry, seconds: number): Promise<void> | void;
  delete(key: CacheKey): Promise<void> | void;
}
