// Owns the proof that the snapshot in KV is read as it was written, and that anything else counts as absent.
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { kvSnapshot } from "../../../src/purge/reader/kv-snapshot.ts";
import { SNAPSHOT_KEY } from "../../../src/purge/wire/snapshot-key.ts";
import { encodeDelta } from "../../../src/purge/wire/delta-codec.ts";
import { memoryLog } from "../../support/log.ts";

it("reads what was written", async () => {
  const log = memoryLog();
  log.purge(["a", "b"], "hard");
  await env.STRATA_KV.put(SNAPSHOT_KEY, encodeDelta(log.delta(undefined)));
  expect(await kvSnapshot(env.STRATA_KV)(undefined)).toEqual({
    delta: log.delta(undefined),
    sentAtMs: Number.NEGATIVE_INFINITY,
  });
});

it.each([
  ["nothing", undefined],
  ["garbage", "not a delta"],
  ["an empty value", ""],
])("%s counts as absent", async (_, value) => {
  await env.STRATA_KV.delete(SNAPSHOT_KEY);
  if (value !== undefined) await env.STRATA_KV.put(SNAPSHOT_KEY, value);
  expect(await kvSnapshot(env.STRATA_KV)(undefined)).toBeUndefined();
});
