// Owns the proof that a purge taken by one of several real edges is obeyed there at once, and on the others within its bound.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { obeys, type Partition, startPartition } from "./support/partition.ts";

const ROUNDS = 10;
const EACH = 10;
const MAX_LAG_MS = 1000;

let partition: Partition;

beforeAll(async () => {
  partition = await startPartition(3, {
    rules: [
      { match: "/strict/*", purge: { maxLag: 0 } },
      { match: "/often/*", purge: { maxLag: 0.2 } },
      { match: "/*", purge: { maxLag: 1 } },
    ],
  });
});

afterAll(() => partition.close());

const edgeOf = (index: number) => {
  const edge = partition.edges[index % 3];
  if (!edge) throw new Error("no such edge");
  return edge;
};

const hits = async (path: string): Promise<void> => {
  for (const edge of partition.edges) await edge.get(path);
  for (const edge of partition.edges) expect((await edge.get(path)).said).toMatch(/^hit; /);
};

describe("three edges with one log", () => {
  it(`obey ${ROUNDS * EACH} purges: here at once, elsewhere within the bound`, { timeout: 120_000 }, async () => {
    const paths = Array.from({ length: EACH }, (_, i) => `/trial-${i}`);
    for (const path of paths) {
      partition.change(path, path);
      await hits(path);
    }
    for (let round = 0; round < ROUNDS; round++) {
      const here = edgeOf(round);
      await Promise.all(
        paths.map(async (path) => {
          const version = partition.change(path, path);
          const { status, boundMs } = await here.purge({ tags: [path] });
          const receivedAtMs = Date.now();
          expect([status, boundMs]).toEqual([200, MAX_LAG_MS]);
          expect((await here.get(path)).body).toBe(String(version));
          const others = partition.edges.filter((edge) => edge !== here);
          await Promise.all(others.map((edge) => obeys(edge, path, version, receivedAtMs, boundMs)));
        }),
      );
    }
  });

  it.each([
    ["/strict/a", 0],
    ["/often/a", 200],
  ])("obey on %s within its own bound of %i ms", async (path, boundMs) => {
    partition.change(path, path);
    await hits(path);
    for (let i = 0; i < 10; i++) {
      const version = partition.change(path, path);
      await edgeOf(i).purge({ tags: [path] });
      const receivedAtMs = Date.now() - (boundMs === 0 ? 1 : 0);
      for (const edge of partition.edges) await obeys(edge, path, version, receivedAtMs, boundMs);
    }
  });

  it.each([
    ["a URL", "/kinds/url", { urls: ["https://shop.test/kinds/url", "http://shop.test/kinds/url"] }],
    ["a prefix", "/kinds/prefix/a", { prefixes: ["shop.test/kinds/prefix/*"] }],
    ["a host", "/kinds/host", { hosts: ["shop.test"] }],
    ["everything", "/kinds/everything", { everything: true }],
  ])("obey a purge of %s", async (_, path, what) => {
    partition.change(path, "tag");
    await hits(path);
    const version = partition.change(path, "tag");
    const { status, boundMs } = await edgeOf(0).purge(what);
    const receivedAtMs = Date.now();
    expect(status).toBe(200);
    for (const edge of partition.edges) await obeys(edge, path, version, receivedAtMs, boundMs);
  });

  it("obey at once everywhere what was waited for", async () => {
    partition.change("/waited", "waited");
    await hits("/waited");
    const version = partition.change("/waited", "waited");
    await edgeOf(1).purge({ tags: ["waited"], wait: true });
    for (const edge of partition.edges) expect((await edge.get("/waited")).body).toBe(String(version));
  });
});
