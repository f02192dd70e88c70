// Owns the proof that a background refresh under `collapse: "global"` has a lease, or is left to the isolate that has it.
import { describe, expect, it } from "vitest";
import { answer, type Origin } from "../../support/edge.ts";
import { edgeWith, scripted } from "../../support/scripted-leases.ts";

describe("a refresh in the background", () => {
  const brief: Origin = () => answer("x", { "cache-control": "max-age=1, stale-while-revalidate=60" });

  it("has a lease of its own", async () => {
    const { keeper, calls } = scripted();
    const e = edgeWith(keeper, { origin: brief });
    await e.text("/a");
    e.passes(5);
    await e.text("/a");
    expect([calls, e.asked.length]).toEqual([["take", "release stored", "take", "release stored"], 2]);
  });

  it("is left to the isolate that has the lease, and no request waits", async () => {
    let isHeld = false;
    const { keeper, calls } = scripted({
      take: () => Promise.resolve(isHeld ? { kind: "held", holder: "other" } : { kind: "granted" }),
    });
    const e = edgeWith(keeper, { origin: brief });
    await e.text("/a");
    e.passes(5);
    isHeld = true;
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("x");
    expect(e.asked).toHaveLength(1);
    expect(calls.filter((call) => call.startsWith("ended"))).toEqual([]);
  });

  it("is made where the keeper fails", async () => {
    let isDown = false;
    const { keeper } = scripted({
      take: () => (isDown ? Promise.reject(new Error("down")) : Promise.resolve({ kind: "granted" })),
    });
    const e = edgeWith(keeper, { origin: brief });
    await e.text("/a");
    e.passes(5);
    isDown = true;
    await e.text("/a");
    expect(e.asked).toHaveLength(2);
  });
});
