// Owns reading the purge log's snapshot in KV: it may be minutes old, and only adds purges.
import type { Delta } from "./records.ts";
import { SNAPSHOT_KEY } from "./snapshot-key.ts";
import { decodeDelta } from "./wire.ts";

/** The KV method this reader calls. */
interface KvReader {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
}

export function kvSnapshot(kv: KvReader): () => Promise<Delta | undefined> {
  return async () => {
    const bytes = await kv.get(SNAPSHOT_KEY, "arrayBuffer");
    return bytes ? decodeDelta(new Uint8Array(bytes)) : undefined;
  };
}
