// Owns the proof of `client: "ignore"`: a client's directives force no request to the origin.
import { describe, expect, it } from "vitest";
import { cacheOf, fields, ruled } from "../../support/ruled-edge.ts";

describe("client: ignore", () => {
  it.each(["no-cache", "max-age=0", "min-fresh=100", "no-store"])("does not let %s reach the origin", async (asked) => {
    for (const [client, cache] of [
      ["ignore", "HIT"],
      ["honour", "no-store" === asked ? "HIT" : "MISS"],
    ] as const) {
      const e = ruled({ client });
      await e.text("/a");
      e.passes(1);
      expect(await cacheOf(e, "/a", fields({ "cache-control": asked })), client).toBe(cache);
    }
  });

  it("stores although the client says no-store", async () => {
    const e = ruled({ client: "ignore" });
    await e.text("/a", fields({ "cache-control": "no-store" }));
    expect(await cacheOf(e, "/a")).toBe("HIT");
  });

  it("still obeys only-if-cached, which costs the origin nothing", async () => {
    const e = ruled({ client: "ignore" });
    expect((await e.text("/a", fields({ "cache-control": "only-if-cached" }))).response.status).toBe(504);
  });

  it("does not let Pragma reach the origin", async () => {
    const e = ruled({ client: "ignore" });
    await e.text("/a");
    expect(await cacheOf(e, "/a", fields({ pragma: "no-cache" }))).toBe("HIT");
  });
});
