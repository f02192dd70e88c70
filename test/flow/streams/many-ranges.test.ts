// Owns the proof that many ranges of a cold object cost one full response.
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { lengthOf } from "../../support/streamed-bodies.ts";
import { realColo } from "../../support/real-colo.ts";

const CACHED = { "cache-control": "max-age=60" };
const MB = 2 ** 20;
describe("many ranges cost one full response", () => {
  it.each([
    ["5 MB, which only the colo keeps", 5 * MB],
    ["500 KB", 500_000],
  ])("50 at once of a cold object of %s", async (_, size) => {
    const bytes = noise(size);
    const e = testEdge({ lower: [realColo()] });
    const start = barrier();
    e.origin = async () => {
      await start.passed;
      return answer(bytes, { ...CACHED, ...lengthOf(size) });
    };
    const all = Array.from({ length: 50 }, async (__, i) => {
      const first = Math.floor((size / 60) * i);
      const last = first + Math.floor(size / 30) + i;
      const response = await e.get("/a", ranged(`bytes=${String(first)}-${String(last)}`));
      const got = new Uint8Array(await response.arrayBuffer());
      return [
        response.status,
        response.headers.get("content-range"),
        equal(got, bytes.subarray(first, last + 1)),
      ] as const;
    });
    await turns(500);
    start.open();
    for (const [status, range, isRight] of await Promise.all(all)) {
      expect([status, isRight]).toEqual([206, true]);
      expect(range).toMatch(new RegExp(`^bytes \\d+-\\d+/${String(size)}$`));
    }
    await e.idle();
    expect(e.asked).toHaveLength(1);
  });

  it.each([
    ["several", "bytes=0-1,5-9,100-"],
    ["overlapping", "bytes=0-,0-,0-,1-,2-"],
    ["1,000", `bytes=${Array.from({ length: 1000 }, (_, i) => `${String(i * 3)}-${String(i * 3 + 5)}`).join(",")}`],
  ])("%s in one request get the whole, once for all", async (_, range) => {
    const bytes = noise(500_000);
    const e = testEdge({ lower: [realColo()], origin: () => answer(bytes, { ...CACHED, ...lengthOf(500_000) }) });
    for (let i = 0; i < 3; i++) {
      const response = await e.get("/a", ranged(range));
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(500_000);
    }
    await e.idle();
    expect(e.asked.map((request) => request.headers.get("range"))).toEqual([null]);
  });
});
