// Owns the proof that a late validation does not replace a response that another request has stored meanwhile (RFC 9111 4.3.4, 4.3.5).
import { describe, expect, it } from "vitest";
import { barrier, turns, until } from "../support/barrier.ts";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "../support/edge.ts";
import { type MapTier, mapTier } from "../support/shelf-tier.ts";

const V1 = { "cache-control": "max-age=10", etag: '"v1"' };
const V2 = { "cache-control": "max-age=60", etag: '"v2"' };
const ANEW = { headers: { "cache-control": "no-cache" } };

/** The request and the answer of the late validation. */
const late: readonly (readonly [string, RequestInit, () => Response])[] = [
  ["a 304", {}, () => answer(null, { ...V1, "cache-control": "max-age=60" }, 304)],
  ["an answer to HEAD", { method: "HEAD" }, () => answer(null, { ...V1, "cache-control": "max-age=60" })],
];

interface Newer {
  readonly newer: () => Response;
  /** Sent with "old" and with its late validation. */
  readonly fields?: Record<string, string>;
  readonly isFiled?: () => Promise<void>;
}

function holds(tier: MapTier, etag: string): boolean {
  return [...tier.entries.values()].some((entry) => entry.kind === "response" && entry.stored.etag === etag);
}

/**
 * The edge stores "old", and validates it. The origin answers only after another request has stored `newer`.
 */
async function overtaken(
  [, init, answers]: (typeof late)[number],
  { newer, fields = {}, isFiled = turns, ...options }: EdgeOptions & Newer,
): Promise<TestEdge> {
  const [reached, slow] = [barrier(), barrier()];
  const e = testEdge({ ...options, origin: () => answer("old", { ...V1, ...fields }) });
  await e.text("/a");
  e.passes(20);
  e.origin = async () => {
    reached.open();
    await slow.passed;
    const { status, headers } = answers();
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    return answer(null, headers, status);
  };
  const asking = e.text("/a", init);
  await reached.passed;
  e.origin = newer;
  e.passes(1);
  await (await e.get("/a", ANEW)).text();
  await isFiled();
  e.passes(1);
  slow.open();
  expect((await asking).response.status).toBe(200);
  e.origin = () => answer("asked again", V2);
  return e;
}

const hit = ["HIT", "new"];

async function next(e: TestEdge): Promise<readonly unknown[]> {
  const { response, text } = await e.text("/a");
  return [response.headers.get("x-cache"), text];
}

describe.each(late)("%s that is late", (...validation) => {
  it("leaves a newer response in memory", async () => {
    expect(await next(await overtaken(validation, { newer: () => answer("new", V2) }))).toEqual(hit);
  });

  it("leaves a newer response of the same variant", async () => {
    const fields = { vary: "x-lang" };
    const newer = () => answer("new", { ...V2, ...fields });
    expect(await next(await overtaken(validation, { fields, newer }))).toEqual(hit);
  });

  it("leaves a newer response that varies, although the old one did not", async () => {
    expect(await next(await overtaken(validation, { newer: () => answer("new", { ...V2, vary: "x-lang" }) }))).toEqual(
      hit,
    );
  });

  it("leaves a newer response that no longer varies", async () => {
    const fields = { vary: "x-lang" };
    expect(await next(await overtaken(validation, { fields, newer: () => answer("new", V2) }))).toEqual(hit);
  });

  it("leaves a newer response in the colo, too large for memory", async () => {
    const colo = mapTier("colo", 3);
    const e = await overtaken(validation, {
      lower: [colo],
      memory: { bytes: 100_000, bodyBytes: 3 },
      newer: () => answer("new and large", V2),
      isFiled: () => until(() => holds(colo, '"v2"'), "the colo has the new one"),
    });
    expect(await next(e)).toEqual(["HIT", "new and large"]);
  });

  it("renews a response that another validation renewed before, or leaves it", async () => {
    const e = await overtaken(validation, {
      newer: () => answer(null, { ...V1, "cache-control": "max-age=60" }, 304),
    });
    expect(await next(e)).toEqual(["HIT", "old"]);
  });
});

it("a late 304 for a large body leaves a newer response in the colo", async () => {
  const [reached, slow] = [barrier(), barrier()];
  const colo = mapTier("colo", 3);
  const e = testEdge({
    lower: [colo],
    memory: { bytes: 100_000, bodyBytes: 3 },
    origin: () => answer("old and large", V1),
  });
  await e.text("/a");
  e.passes(20);
  e.origin = async () => {
    reached.open();
    await slow.passed;
    return answer(null, { ...V1, "cache-control": "max-age=60" }, 304);
  };
  const asking = e.text("/a");
  await reached.passed;
  e.origin = () => answer("new and large", V2);
  e.passes(1);
  await (await e.get("/a", ANEW)).text();
  await until(() => holds(colo, '"v2"'), "the colo has the new one");
  slow.open();
  expect((await asking).text).toBe("old and large");
  expect(await next(e)).toEqual(["HIT", "new and large"]);
});
