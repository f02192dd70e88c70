// Owns the proof that a tier which fails costs nothing but the tier.
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import type { DependencyError } from "../../src/error.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { answer, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const failures: readonly (readonly [string, () => Promise<never>])[] = [
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
  ["rejects", () => Promise.reject(new Error("broken"))],
  ["hangs", () => new Promise<never>(() => undefined)],
];

function broken(name: "colo" | "global", fails: () => Promise<never>): Tier {
  return { name, admits: () => true, get: fails, put: () => Promise.reject(new Error("broken")), delete: fails };
}

describe.each(["colo", "global"] as const)("a %s tier", (name) => {
  it.each(failures)("that %s costs nothing but the tier, and is reported", async (_, fails) => {
    const reports: DependencyError[] = [];
    const other = mapTier(name === "colo" ? "global" : "colo");
    const bad = guarded(broken(name, fails), deadline(timeout, 5), (error) => reports.push(error));
    const lower = name === "colo" ? [bad, other] : [other, bad];
    const e = testEdge({ lower, origin: () => answer("hello", { "cache-control": "max-age=600" }) });
    expect((await e.text("/a")).text).toBe("hello");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
    expect(reports.some(({ dependency }) => dependency === `${name} tier`)).toBe(true);
    const next = testEdge({ lower, log: e.log, origin: () => answer("again", {}) });
    expect((await next.text("/a")).response.headers.get("cache-status")).toContain(`fresh/${other.name}`);
    expect((await e.text("/a", { method: "DELETE" })).response.status).toBe(200);
  });
});

describe("all tiers at once", () => {
  it("may fail, and clients get the origin's answer", async () => {
    const reports: DependencyError[] = [];
    const rejects = (): Promise<never> => Promise.reject(new Error("broken"));
    const lower = (["colo", "global"] as const).map((name) =>
      guarded(broken(name, rejects), deadline(timeout, 5), (error) => reports.push(error)),
    );
    const e = testEdge({ lower, memory: { bytes: 0, bodyBytes: 0 } });
    for (let i = 0; i < 3; i++) {
      const { response, text } = await e.text("/a");
      expect([response.status, text]).toEqual([200, "hello"]);
    }
    expect(e.asked).toHaveLength(3);
  });

  it("may lie: an entry that is not ours is a miss", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo] });
    await e.text("/a");
    for (const key of colo.entries.keys())
      colo.entries.set(key, { kind: "vary", index: { generation: "g", fields: ["x"], variants: [], languages: [] } });
    const next = testEdge({ lower: [colo], log: e.log });
    expect((await next.text("/a")).text).toBe("hello");
    expect(next.asked).toHaveLength(1);
  });
});
