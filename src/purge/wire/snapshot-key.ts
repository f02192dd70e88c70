// Owns the key of the purge log's snapshot in KV; its value is a delta from 0. Stored responses have digests as keys.

export const SNAPSHOT_KEY = ".strata/purge-log";
