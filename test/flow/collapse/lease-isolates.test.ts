// Owns the proof that isolates with one table of leases ask the origin once.
import { describe, expect, it } from "vitest";
import { leaseTable } from "../../../src/leases/lease-table.ts";
import type { LeaseKeeper } from "../../../src/leases/lease-keeper.ts";
import type { Tier } from "../../../src/tiers/tier.ts";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, type Origin } from "../../support/edge.ts";
import { edgeWith, sharedTier } from "../../support/scripted-leases.ts";

const CACHED = { "cache-control": "max-age=600" };
/** The same tier in KV's place: filed apart from memory and colo. */
function globalTier(): Tier {
  const { entries, ...tier } = sharedTier();
  return { ...tier, name: "global", head: (key) => Promise.resolve(entries.get(key) ?? { kind: "nothing" }) };
}

describe("several isolates with one table of leases", () => {
  it("ask the origin once, whoever comes first, where they share a tier", async () => {
    await collapsed([undefined], 1);
  });

  it("ask once for each variant, even if the Vary is learned only then", async () => {
    await collapsed(["de", "en"], 2);
  });

  async function collapsed(languages: readonly (string | undefined)[], requests: number): Promise<void> {
    const tier = globalTier();
    const table = leaseTable(
      { now: () => 0, timeout: () => ({ passed: new Promise<void>(() => undefined), cancel: () => undefined }) },
      { leaseMs: 30_000, waitMs: 10_000, leases: 100, waiters: 100 },
    );
    const keeper: LeaseKeeper = {
      take: (...args) => Promise.resolve(table.take(...args)),
      ended: (...args) => table.ended(...args),
      release: (...args) => Promise.resolve(table.release(...args)),
    };
    const go = barrier();
    const origin: Origin = async (request) => {
      await go.passed;
      const vary: Record<string, string> = languages.length > 1 ? { vary: "accept-language" } : {};
      return answer(request.headers.get("accept-language") ?? "once", { ...CACHED, ...vary });
    };
    const edges = Array.from({ length: 5 }, () => edgeWith(keeper, { lower: [tier], origin }));
    const all = edges.flatMap((e, edge) =>
      Array.from({ length: 50 }, async (_, i) => {
        const language = languages[(edge + i) % languages.length];
        const init = language === undefined ? {} : { headers: { "accept-language": language } };
        expect(await (await e.get("/a", init)).text()).toBe(language ?? "once");
      }),
    );
    await turns(500);
    go.open();
    await Promise.all(all);
    await Promise.all(edges.map((e) => e.idle()));
    expect(edges.reduce((sum, { asked }) => sum + asked.length, 0)).toBe(requests);
  }
});
