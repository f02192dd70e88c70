// Owns the name of the purge log's snapshot in KV; its value is a delta from 0, as wire.ts writes it. Stored responses are named by digests.

export const SNAPSHOT_KEY = ".strata/purge-log";
