// Owns a KV namespace for tests: it counts what is billed, shows what was written, and fails or waits on demand.
import type { KvLike } from "../../src/tiers/kv.ts";

type Operation = "get" | "look" | "put" | "delete";

export interface CountedKv {
  readonly kv: KvLike;
  readonly reads: number;
  readonly deletes: number;
  readonly writes: readonly { readonly key: string; readonly bytes: number; readonly expirationTtl: number }[];
  /** Runs before each operation; may throw or wait. */
  before: (operation: Operation) => Promise<void> | void;
}

/** Over a real namespace. */
export function countedKv(real: KvLike): CountedKv {
  const writes: { readonly key: string; readonly bytes: number; readonly expirationTtl: number }[] = [];
  const counted = { reads: 0, deletes: 0, writes, before: (_: Operation): Promise<void> | void => undefined };

  function get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  function get(key: string, type: "stream"): Promise<ReadableStream<Uint8Array> | null>;
  async function get(key: string, type: "arrayBuffer" | "stream"): Promise<ArrayBuffer | ReadableStream | null> {
    counted.reads += 1;
    await counted.before(type === "stream" ? "look" : "get");
    return type === "stream" ? real.get(key, type) : real.get(key, type);
  }

  const kv: KvLike = {
    get,
    async put(key, value, options) {
      writes.push({ key, bytes: value.byteLength, ...options });
      await counted.before("put");
      await real.put(key, value, options);
    },
    async delete(key) {
      counted.deletes += 1;
      await counted.before("delete");
      await real.delete(key);
    },
  };
  return Object.assign(counted, { kv });
}
