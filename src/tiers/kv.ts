// Owns the global tier: KV, one value per entry, written once per fill and only where it is worth its price.
import { addressOf } from "./address.ts";
import { decodeFrame, encodeFrame } from "./codec.ts";
import type { Tier } from "./tier.ts";

/** KV refuses an `expirationTtl` below this. */
const MIN_EXPIRATION_SECONDS = 60;

/** The KV methods this tier calls. */
export interface KvLike {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  put(key: string, value: ArrayBufferView, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface KvOptions {
  /** Least remaining freshness worth a write, seconds. */
  readonly minTtlSeconds: number;
}

export function kvTier(kv: KvLike, { minTtlSeconds }: KvOptions): Tier {
  return {
    name: "global",
    admits: ({ lifetimeSeconds, initialAgeSeconds, part }, body) =>
      body.kind === "bytes" && !part && lifetimeSeconds - initialAgeSeconds >= minTtlSeconds,
    async get(key) {
      const frame = await kv.get(await addressOf(key), "arrayBuffer");
      return frame === null ? undefined : decodeFrame(frame);
    },
    async put(key, entry, seconds) {
      if (entry.kind === "response" && entry.body.kind === "stream") return;
      const body = entry.kind === "response" && entry.body.kind === "bytes" ? entry.body.bytes : new Uint8Array(0);
      const expirationTtl = Math.max(Math.floor(seconds), MIN_EXPIRATION_SECONDS);
      await kv.put(await addressOf(key), encodeFrame(entry, body), { expirationTtl });
    },
    async delete(key) {
      await kv.delete(await addressOf(key));
    },
  };
}
