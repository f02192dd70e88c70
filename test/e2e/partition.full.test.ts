// Owns the proof of what real edges do that are cut off from the purge log, and after it: the bound, onUnknown, KV's snapshot, fences, healing.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import type { Seen } from "./support/asking.ts";
import { obeys, type Parts, type Partition, type PartitionedEdge, startPartition } from "./support/partition.ts";

const MAX_LAG_MS = 1000;

let partition: Partition;
let home: PartitionedEdge;
let away: PartitionedEdge;

beforeAll(async () => {
  partition = await startPartition(2, {
    purge: { maxLag: MAX_LAG_MS / 1000 },
    rules: [
      { match: "/serve/*", purge: { onUnknown: "serve" } },
      { match: "/strict/*", purge: { maxLag: 0 } },
      { match: "/strict-serve/*", purge: { maxLag: 0, onUnknown: "serve" } },
      { match: "/lasting/*", purge: { maxLag: 60 } },
    ],
  });
  const [first, second] = partition.edges;
  if (!first || !second) throw new Error("two edges were asked for");
  [home, away] = [first, second];
});

afterAll(() => partition.close());

beforeEach(async () => {
  await away.heal();
  await until("the log is reached again", async () => (await away.get("/strict/probe")).status !== 0 && isKnown());
});

/** A strict route is answered from what is held: the log said so. */
async function isKnown(): Promise<boolean> {
  partition.change("/strict/known", "known");
  await away.get("/strict/known");
  return (await away.get("/strict/known")).said.startsWith("hit; ");
}

/** In its first version, and both edges have it. */
async function held(path: string, tag: string): Promise<void> {
  partition.change(path, tag);
  for (const edge of [home, away]) {
    await until(`${path} is held`, async () => (await edge.get(path)).said.startsWith("hit; "));
  }
}

/** Its own paths for each case: `/serve/<case>-<name>`. */
let cases = 0;
beforeEach(() => void (cases += 1));
const path = (room: string, name: string): string => `/${room}/${cases}-${name}`;

const detail = ({ said }: Seen): string => /detail=(.*)$/.exec(said)?.[1] ?? "";
const past = (): Promise<unknown> => {
  return until("the bound is past", async () => detail(await away.get("/serve/past")).endsWith("purge-unknown"));
};

const CUTS: readonly (readonly [string, Parts])[] = [
  ["log refuses", { log: "refuses" }],
  ["log hangs", { log: "hangs" }],
  ["log and Cache API refuse", { log: "refuses", cache: "refuses" }],
  ["log and Cache API hang", { log: "hangs", cache: "hangs" }],
];

describe.each(CUTS)("an edge whose %s", (_, cut) => {
  beforeEach(() => held("/serve/past", "past"));

  it("serves inside the bound; past it, it validates, or serves and says so", async () => {
    const [same, changed, served, strict, strictServed, lasting] = [
      path("plain", "same"),
      path("plain", "changed"),
      path("serve", "a"),
      path("strict", "a"),
      path("strict-serve", "a"),
      path("lasting", "a"),
    ];
    for (const each of [same, changed, served, strict, strictServed, lasting]) await held(each, "a");
    await away.cut(cut);
    partition.change(changed, "a");
    partition.change(served, "a");
    await past();
    const unchanged = await away.get(same);
    expect([unchanged.body, detail(unchanged)]).toEqual(["1", "purge-unknown/validated"]);
    const renewed = await away.get(changed);
    expect([renewed.body, detail(renewed)]).toEqual(["2", "purge-unknown"]);
    const unproven = await away.get(served);
    expect([unproven.body, detail(unproven)]).toEqual(["1", "fresh/memory/purge-unknown"]);
    expect(unproven.said).toMatch(/^hit; /);
    expect(unproven.fields["x-cache"]).toBe("HIT");
    expect(detail(await away.get(strict))).toBe("purge-unknown/validated");
    expect(detail(await away.get(strictServed))).toBe("fresh/memory/purge-unknown");
    // whose bound is not past
    expect(detail(await away.get(lasting))).toBe("fresh/memory");
  });

  it("obeys what the snapshot in KV knows", async () => {
    const served = path("serve", "a");
    await held(served, served);
    await away.cut(cut);
    const version = partition.change(served, served);
    const { seq } = await home.purge({ tags: [served] });
    await until("KV knows of it", async () => {
      await home.get(served);
      return (await home.tells("snapshot")) >= seq;
    });
    for (let seen = await away.get(served); seen.body !== String(version); seen = await away.get(served)) {
      // inside the bound
      expect(detail(seen)).toBe("fresh/memory");
    }
  });

  it("refuses purges with 503, and does no part of them", async () => {
    const served = path("serve", "a");
    await held(served, served);
    const before = await home.purge({ tags: ["another"] });
    await away.cut(cut);
    partition.change(served, served);
    const { status, text } = await away.purge({ tags: [served], urls: [`http://shop.test${served}`] });
    expect([status, text]).toEqual([503, expect.stringContaining("the purge log did not confirm")]);
    const history = await fetch(`${away.url}/.strata/purges`, { headers: { authorization: "Bearer e2e-token" } });
    expect(history.status).toBe(503);
    expect((await away.get(served)).body).toBe("1");
    await away.heal();
    expect((await home.purge({ tags: ["another"] })).seq).toBe(before.seq + 1);
    for (const edge of [home, away]) {
      await until("the log answers", async () => detail(await edge.get(served)) === "fresh/memory");
      expect((await edge.get(served)).body).toBe("1");
    }
  });

  it("fences what it fetches: what was purged meanwhile elsewhere is obeyed after the healing, in every tier", async () => {
    const [missed, renewed] = [path("plain", "missed"), path("plain", "renewed")];
    partition.change(missed, missed);
    await held(renewed, renewed);
    await away.cut(cut);
    await past();
    // a miss, and a validation with a 304
    expect((await away.get(missed)).body).toBe("1");
    expect(detail(await away.get(renewed))).toBe("purge-unknown/validated");
    const versions = [missed, renewed].map((each) => partition.change(each, each));
    await home.purge({ tags: [missed, renewed] });
    await away.heal();
    const healedAtMs = Date.now();
    for (const [i, each] of [missed, renewed].entries()) {
      const version = versions[i] ?? 0;
      await obeys(away, each, version, healedAtMs, MAX_LAG_MS);
      expect((await home.get(each)).body).toBe(String(version));
    }
  });

  it("catches up within the bound after the healing, with all that it missed", async () => {
    const paths = Array.from({ length: 20 }, (_, i) => path(i % 2 === 0 ? "serve" : "plain", `missed-${i}`));
    for (const each of paths) await held(each, each);
    await away.cut(cut);
    await past();
    const versions = new Map(paths.map((each) => [each, partition.change(each, each)]));
    for (const each of paths) await home.purge({ tags: [each] });
    await away.heal();
    const healedAtMs = Date.now();
    await Promise.all(paths.map((each) => obeys(away, each, versions.get(each) ?? 0, healedAtMs, MAX_LAG_MS)));
    // an answer fetched before the replica caught up is fetched once more
    for (const each of paths) {
      await until(`${each} is held`, async () => detail(await away.get(each)) === "fresh/memory");
      expect((await away.get(each)).body).toBe(String(versions.get(each)));
    }
  });
});

describe("an edge that knows nothing, cut off at its start", () => {
  /** Two in the colo and KV, of which the log, and what is told of it, knows that one was purged; then all isolates begin anew. */
  async function coldAfterPurge(): Promise<{ readonly kept: string; readonly purged: string }> {
    const [kept, purged, witness] = [path("serve", "kept"), path("serve", "purged"), path("serve", "witness")];
    // a copy that was filed after an outage of the Cache API begins in the middle, until somebody needs all of it
    await partition.restart();
    await held(kept, kept);
    for (const each of [purged, witness]) await held(each, purged);
    const { seq } = await home.purge({ tags: [purged] });
    // its colo's copy knows of it, as KV does
    await until("obeyed", async () => (await away.get(witness)).said.startsWith("fwd"));
    const filed = await away.tells("filed");
    await until("filed", async () => {
      await away.get(witness);
      return (await away.tells("filed")) > filed;
    });
    await until("KV knows of it", async () => (await home.tells("snapshot")) >= seq);
    partition.change(purged, purged);
    await partition.restart();
    return { kept, purged };
  }

  it.each<[string, Parts]>([
    ["with its colo's copy", { log: "refuses", kv: "refuses" }],
    ["with its colo's copy, the log hanging", { log: "hangs", kv: "hangs" }],
    ["with KV's snapshot", { log: "refuses", cache: "refuses" }],
    ["with KV's snapshot, the log hanging", { log: "hangs", cache: "hangs" }],
  ])("%s: serves what it finds where the rule says so, and not what it can know to be purged", async (_, cut) => {
    const { kept, purged } = await coldAfterPurge();
    await away.cut(cut);
    const seen = [await away.get(kept), await away.get(purged)];
    expect(seen.map(({ body }) => body)).toEqual(["1", "2"]);
    // KV's copy proves nothing; the colo's may still be inside the bound
    if (cut.cache) expect(detail(seen[0] as Seen)).toBe("fresh/global/purge-unknown");
  });

  it("with nothing: asks the origin, and stores nothing", async () => {
    const plain = path("serve", "plain");
    partition.change(plain, plain);
    await partition.restart();
    await away.cut({ log: "refuses", cache: "refuses", kv: "refuses" });
    for (let i = 0; i < 2; i++) expect(detail(await away.get(plain))).toBe("uri-miss/purge-unknown");
    expect(partition.origin.asked(plain)).toHaveLength(2);
  });
});

describe("answers that come late", () => {
  it("a client that leaves takes the answer from nobody who waits for the same", async () => {
    const shared = path("plain", "shared");
    await held(shared, shared);
    await away.cut({ log: "late" });
    const leaver = new AbortController();
    const left = until("a question hangs", async () => {
      const gone = fetch(`${away.url}${shared}`, { headers: { host: "shop.test" }, signal: leaver.signal });
      gone.catch(() => undefined);
      return (await away.tells("held")) > 0;
    });
    await left;
    const waiting = Array.from({ length: 5 }, () => away.get(shared));
    leaver.abort();
    await away.heal();
    for (const seen of await Promise.all(waiting)) expect([seen.status, seen.body]).toEqual([200, "1"]);
  });

  it("do not undo a purge that overtook them", async () => {
    const overtaken = path("plain", "overtaken");
    await held(overtaken, overtaken);
    await away.cut({ log: "late" });
    await until("a question hangs", async () => {
      void away.get(overtaken);
      return (await away.tells("held")) > 0;
    });
    const version = partition.change(overtaken, overtaken);
    const { status } = await home.purge({ tags: [overtaken] });
    expect(status).toBe(200);
    const sinceMs = Date.now();
    await away.heal();
    await obeys(away, overtaken, version, Math.max(sinceMs, Date.now()), MAX_LAG_MS);
    for (let i = 0; i < 20; i++) expect((await away.get(overtaken)).body).toBe(String(version));
  });
});

describe("a log that", () => {
  it("begins anew on another machine: what it knew it knows, and its numbers go on", async () => {
    const [before, after] = [path("plain", "before"), path("plain", "after")];
    await held(before, before);
    await held(after, after);
    const first = partition.change(before, before);
    const { seq } = await home.purge({ tags: [before] });
    await partition.log("restart");
    const sinceMs = Date.now();
    for (const edge of [home, away]) await obeys(edge, before, first, sinceMs, MAX_LAG_MS);
    const second = partition.change(after, after);
    expect((await away.purge({ tags: [after] })).seq).toBe(seq + 1);
    for (const edge of [home, away]) await obeys(edge, after, second, Date.now(), MAX_LAG_MS);
  });

  it("loses its storage: within the bound nothing of before is served, and new purges are obeyed", async () => {
    const old = path("serve", "old");
    await held(old, old);
    const version = partition.change(old, old);
    await partition.log("lose");
    const lostAtMs = Date.now();
    for (const edge of [home, away]) {
      const seen = await obeys(edge, old, version, lostAtMs, MAX_LAG_MS);
      // the second may find in KV what the first has fetched under the new log
      expect(["purge-log-changed", "fresh/global"]).toContain(detail(seen));
    }
    const next = partition.change(old, old);
    expect((await home.purge({ tags: [old] })).seq).toBe(1);
    for (const edge of [home, away]) await obeys(edge, old, next, Date.now(), MAX_LAG_MS);
  });
});
