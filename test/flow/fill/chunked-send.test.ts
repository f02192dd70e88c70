// Owns the proof that a large body in memory is given to the runtime only as its client takes it, and arrives as it is.
import { describe, expect, it } from "vitest";
import { sendInChunks } from "../../../src/flow/fill/chunked-send.ts";
import { turns } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";

const LARGE = 2 ** 20;
const SMALL = 100_000;

/** The same bytes, counting the slices cut from them. */
function counted(bytes: Uint8Array<ArrayBuffer>): { readonly bytes: typeof bytes; readonly cuts: () => number } {
  let cuts = 0;
  const subarray = (from?: number, to?: number): Uint8Array<ArrayBuffer> => {
    cuts += 1;
    return Uint8Array.prototype.subarray.call(bytes, from, to) as Uint8Array<ArrayBuffer>;
  };
  Object.defineProperty(bytes, "subarray", { value: subarray });
  return { bytes, cuts: () => cuts };
}

describe("bytes in memory", () => {
  it("go at once if they are few", () => {
    const bytes = noise(SMALL);
    expect(sendInChunks(bytes)).toBe(bytes);
  });

  it("go in chunks as the client reads, if they are many", async () => {
    const { bytes, cuts } = counted(noise(LARGE));
    const reader = new Response(sendInChunks(bytes)).body?.getReader();
    await turns(200);
    expect(cuts()).toBe(1);
    let size = 0;
    for (;;) {
      const chunk = await reader?.read();
      if (!chunk?.value) break;
      size += chunk.value.length;
    }
    expect([size, cuts()]).toEqual([LARGE, 16]);
  });

  it("are let go when the client leaves", async () => {
    const { bytes, cuts } = counted(noise(LARGE));
    const reader = new Response(sendInChunks(bytes)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await turns(200);
    expect(cuts()).toBeLessThan(3);
  });
});

it.each([SMALL, LARGE])("a hit of %i bytes leaves with its length: whole, as a range, and for HEAD", async (size) => {
  const body = noise(size);
  const e = testEdge({
    origin: () => answer(body, { "cache-control": "max-age=60", "content-length": String(size), etag: '"v"' }),
  });
  await e.text("/a");
  const whole = await e.get("/a");
  expect([whole.headers.get("x-cache"), whole.headers.get("content-length")]).toEqual(["HIT", String(size)]);
  expect(equal(new Uint8Array(await whole.arrayBuffer()), body)).toBe(true);
  const part = await e.get("/a", ranged(`bytes=3-${String(size - 2)}`));
  expect([part.status, part.headers.get("content-length")]).toEqual([206, String(size - 4)]);
  expect(equal(new Uint8Array(await part.arrayBuffer()), body.subarray(3, size - 1))).toBe(true);
  const head = await e.get("/a", { method: "HEAD" });
  expect([head.body, head.headers.get("content-length")]).toEqual([null, String(size)]);
});
