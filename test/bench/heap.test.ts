// Owns the proof that the benchmark's figure of the heap counts live objects and no garbage.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Alone, startStrataAlone } from "../../bench/harness/targets.ts";
import { resourcePath } from "../../bench/origin/body.ts";

const BYTES = 200_000;
const OBJECTS = 50;

let target: Alone;

beforeAll(async () => {
  target = await startStrataAlone();
});
afterAll(() => target.close());

async function gainedBy(policy: "day" | "never"): Promise<number> {
  const before = await target.heapBytes();
  for (let i = 0; i < OBJECTS; i++) {
    const path = resourcePath({ type: "html", bytes: BYTES, delayMs: 0, policy }, `object-${i}`);
    await (await fetch(target.url + path, { headers: { "accept-encoding": "identity" } })).arrayBuffer();
  }
  return (await target.heapBytes()) - before;
}

it("stored bytes count, bytes that passed through do not", async () => {
  // code and tables
  await gainedBy("never");
  expect(await gainedBy("never")).toBeLessThan((OBJECTS * BYTES) / 4);
  expect(await gainedBy("day")).toBeGreaterThan(OBJECTS * BYTES * 0.9);
});
