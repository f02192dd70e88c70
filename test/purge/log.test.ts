// Owns the proof that the purge log is one row per target, numbered, with deltas that miss nothing.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

describe("purge log", () => {
  it("starts empty", async () => {
    const stub = env.STRATA_PURGE_LOG.getByName("log-a");
    const delta = await stub.since(undefined);
    expect(delta.seq).toBe(0);
    await stub.purge({ targets: [{ kind: "tag", value: "a" }], mode: "hard", since: undefined });
    const rows = await runInDurableObject(
      stub,
      (_, state) => state.storage.sql.exec("SELECT * FROM target").toArray().length,
    );
    expect(rows).toBe(1);
  });
});
