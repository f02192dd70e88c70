// Owns the global tier: KV, one value for each entry, and only entries worth their price.
import { unread } from "../base/streams.ts";
import { addressOf } from "./address.ts";
import { decodeBeginning, decodeFrame, encodeFrame } from "./codec.ts";
import type { Entry, KnownHead, Tier } from "./tier.ts";

/** KV refuses an `expirationTtl` below and above these, seconds. */
const MIN_EXPIRATION_SECONDS = 60;
const MAX_EXPIRATION_SECONDS = 2 ** 31 - 1;
/** KV refuses values above 25 MiB; this leaves room for the head. */
const MAX_BODY_BYTES = 24 * 2 ** 20;

/** The KV methods this tier calls. */
export interface KvLike {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  get(key: string, type: "stream"): Promise<ReadableStream<Uint8Array> | null>;
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
      const address = await addressOf(key);
      const frame = await kv.get(address, "arrayBuffer");
      const entry = frame === null ? undefined : decodeFrame(frame, address);
      if (entry !== "damaged") return entry;
      // `head` reads no bodies and would take it for sound: delete it, and report it this once
      await kv.delete(address);
      throw new Error("a stored body is not as long as its record says");
    },
    async put(key, entry, seconds) {
      const address = await addressOf(key);
      const body = bytesIn(entry);
      if (!body || body.length > MAX_BODY_BYTES) {
        // the entry it would have replaced must not go on answering
        await kv.delete(address);
        return;
      }
      const expirationTtl = Math.min(Math.max(Math.floor(seconds), MIN_EXPIRATION_SECONDS), MAX_EXPIRATION_SECONDS);
      await kv.put(address, encodeFrame(entry, body, address), { expirationTtl });
    },
    async delete(key) {
      await kv.delete(await addressOf(key));
    },
    async head(key) {
      const address = await addressOf(key);
      const stream = await kv.get(address, "stream");
      return (stream && (await headOf(stream, address))) ?? { kind: "nothing" };
    },
  };
}

/** `undefined` for a stream, which KV does not keep. */
function bytesIn(entry: Entry): Uint8Array | undefined {
  const body = entry.kind === "vary" ? entry.carried?.body : entry.body;
  if (!body) return new Uint8Array(0);
  return body.kind === "bytes" ? body.bytes : undefined;
}

/** Reads no further than the head. */
async function headOf(stream: ReadableStream<Uint8Array>, address: string): Promise<KnownHead | undefined> {
  const reader = stream.getReader();
  let read = new Uint8Array(0);
  for (;;) {
    // chunks come in sequence
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await reader.read();
    if (done) return undefined;
    const longer = new Uint8Array(read.length + value.length);
    longer.set(read);
    longer.set(value, read.length);
    read = longer;
    const head = decodeBeginning(read, address);
    if (head === "more") continue;
    // oxlint-disable-next-line no-await-in-loop
    await unread(reader);
    return head;
  }
}
