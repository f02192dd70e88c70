// Owns reading the purge log's snapshot in KV: it may be minutes old, and only adds purges.
import type { FallbackSnapshot } from "./log-reader.ts";
import { SNAPSHOT_KEY } from "../wire/snapshot-key.ts";
import { decodeDelta } from "../wire/delta-codec.ts";

/** The KV method this reader calls. */
interface KvReader {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
}

export function kvSnapshot(kv: KvReader): FallbackSnapshot {
  return async () => {
    const bytes = await kv.get(SNAPSHOT_KEY, "arrayBuffer");
    const delta = bytes ? decodeDelta(new Uint8Array(bytes)) : undefined;
    return delta && { delta, sentAtMs: Number.NEGATIVE_INFINITY };
  };
}
