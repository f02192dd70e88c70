// Owns the proof that a range of a cold object costs the origin hardly more than the range (decision 023).
import { describe, expect, it } from "vitest";
import type { Tier } from "../../../src/tiers/tier.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { type TestEdge, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { SIZE, colo, counted, edgeTo, size } from "../../support/counted-origin.ts";
import { realColo } from "../../support/real-colo.ts";

const MB = 2 ** 20;
const PIECE = 64 * 1024;
const CACHED = { "cache-control": "max-age=60", "content-type": "text/css", etag: '"film"' };
describe("a range of a cold object of 60 MB", () => {
  it.each([
    ["bytes=0-0", 0, 0],
    ["bytes=0-1", 0, 1],
    ["bytes=5000000-5000000", 5_000_000, 5_000_000],
    ["bytes=30000000-30000009", 30_000_000, 30_000_009],
    ["bytes=-1", SIZE - 1, SIZE - 1],
  ])("%s costs the origin hardly more than that", async (range, first, last) => {
    const origin = counted();
    const e = edgeTo(origin);
    const response = await e.get("/film", ranged(range));
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${String(first)}-${String(last)}/${String(SIZE)}`);
    expect(await size(response)).toBe(last - first + 1);
    await e.idle();
    expect(origin.sent.bytes).toBeLessThan(4 * PIECE);
    // the store has it as the part that it is
    expect((await e.text("/film", ranged(range))).response.headers.get("x-cache")).toBe("HIT");
  });

  it("thousands of them, under invented queries too, cost the origin their own bytes and a beginning of the whole", async () => {
    const origin = counted();
    const e = edgeTo(origin);
    for (let i = 0; i < 2000; i++) {
      const at = String((i * 7919) % SIZE);
      const { response } = await e.text(i % 2 === 0 ? "/film" : `/film?${String(i)}`, ranged(`bytes=${at}-${at}`));
      expect(response.status).toBe(206);
    }
    expect(origin.sent.wholes).toBe(1);
    expect(origin.sent.bytes).toBeLessThan(MB);
  });

  it("fifty at once cost no whole, and clients that want the whole beside them share one", async () => {
    const origin = counted();
    const start = barrier();
    const e = testEdge({
      lower: [colo()],
      async origin(request) {
        await start.passed;
        return origin.origin(request);
      },
    });
    const one = (i: number) => e.get("/film", ranged(`bytes=${String(i)}-${String(i)}`));
    const first = one(0);
    await until(() => e.asked.length === 1, "a range leads");
    const ranges = [first, ...Array.from({ length: 49 }, (_, i) => one(i + 1))];
    const wholes = Array.from({ length: 10 }, () => e.get("/film"));
    await turns(500);
    start.open();
    for (const response of await Promise.all(ranges)) expect([response.status, await size(response)]).toEqual([206, 1]);
    for (const response of wholes) expect(await size(await response)).toBe(SIZE);
    await e.idle();
    // the range broke it off, which left a part; the next fetch completes that part for all
    expect(origin.sent.wholes).toBe(1);
    expect(origin.sent.bytes).toBeLessThan(SIZE + MB);
  });

  it.each([
    ["bytes=0-", SIZE],
    ["bytes=0-59999999", 60_000_000],
    ["bytes=1000-", SIZE - 1000],
  ])("%s is worth the whole, which is stored", async (range, length) => {
    const origin = counted();
    const e = edgeTo(origin);
    expect(await size(await e.get("/film", ranged(range)))).toBe(length);
    await e.idle();
    const next = await e.get("/film", ranged("bytes=9-9"));
    expect([next.headers.get("x-cache"), await size(next)]).toEqual(["HIT", 1]);
    expect([origin.sent.wholes, origin.sent.bytes]).toEqual([1, SIZE]);
  });

  it("goes to the whole after all for a player that requests all of it, as an open or as a whole range", async () => {
    for (const range of ["bytes=0-", `bytes=0-${String(SIZE - 1)}`]) {
      const e = edgeTo(counted());
      await e.text("/film", ranged("bytes=0-1"));
      expect(await size(await e.get("/film", ranged(range)))).toBe(SIZE);
      await e.idle();
      expect((await e.text("/film", ranged("bytes=9-9"))).response.headers.get("x-cache"), range).toBe("HIT");
    }
  });

  it("past its end is the origin's 416", async () => {
    const origin = counted();
    const e = edgeTo(origin);
    // the range begins early enough to be cut out of a whole, if the origin had one
    const { response } = await e.text("/film", ranged("bytes=7000000-7000001"));
    expect(response.status).toBe(206);
    expect((await e.text("/film", ranged(`bytes=${String(SIZE)}-`))).response.status).toBe(416);
  });

  it("becomes the whole for a client whose If-Range names another representation", async () => {
    const origin = counted();
    const e = edgeTo(origin);
    const response = await e.get("/film", ranged("bytes=0-0", { "if-range": '"other"' }));
    expect([response.status, await size(response)]).toEqual([200, SIZE]);
  });

  it.each([
    ["does not know ranges", {}, 2],
    ["says so", { "accept-ranges": "none" }, 1],
  ])("is cut out of the whole where the origin %s: it is fetched once for all", async (_, more, wholes) => {
    const origin = counted({ ranges: false, headers: { ...CACHED, ...more } });
    const e = edgeTo(origin);
    for (let i = 0; i < 3; i++) expect(await size(await e.get("/film", ranged("bytes=0-0")))).toBe(1);
    origin.gate = undefined;
    expect(origin.sent.wholes).toBeGreaterThanOrEqual(wholes);
  });
});

it("a range with Authorization goes as it was sent: if the whole comes all the same, the edge does not request it again", async () => {
  const origin = counted({
    size: 10 * MB,
    ranges: false,
    headers: { ...CACHED, "cache-control": "public, max-age=60" },
  });
  const e = edgeTo(origin);
  const response = await e.get("/film", ranged("bytes=0-0", { authorization: "Bearer alice" }));
  await size(response);
  await e.idle();
  expect([response.status, origin.sent.wholes]).toEqual([200, 1]);
});

describe("a range of a large object while another request fetches the whole", () => {
  const headers = { ...CACHED, "accept-ranges": "bytes" };

  it("does not wait for the whole, which is stored all the same", async () => {
    const origin = counted({ headers });
    const gate = barrier();
    origin.gate = gate.passed;
    const e = testEdge({ lower: [realColo()], origin: origin.origin });
    const whole = e.get("/film").then(size);
    await until(() => origin.sent.bytes > 0, "the whole has begun");
    e.passes(1);
    const part = await e.get("/film", ranged("bytes=5-5"));
    expect([part.status, await size(part), origin.sent.wholes]).toEqual([206, 1, 1]);
    gate.open();
    expect(await whole).toBe(SIZE);
    await e.idle();
    const next = await e.get("/film");
    expect([await size(next), next.headers.get("x-cache")]).toEqual([SIZE, "HIT"]);
  });

  it.each([
    ["of the same representation does not keep the whole out of the store", '"film"', "HIT"],
    ["of a newer one does", '"cut"', "MISS"],
  ])("%s", async (_, etag, shown) => {
    const origin = counted({ headers });
    const gate = barrier();
    origin.gate = gate.passed;
    const tier = realColo();
    let filed = 0;
    const noting: Tier = {
      ...tier,
      async put(...entry) {
        await tier.put(...entry);
        filed += 1;
      },
    };
    const e = testEdge({ lower: [noting], origin: origin.origin });
    const whole = e.get("/film").then(size);
    await until(() => origin.sent.bytes > 0, "the whole has begun");
    e.passes(1);
    e.origin = counted({ headers: { ...headers, etag } }).origin;
    expect(await size(await e.get("/film", ranged("bytes=-1")))).toBe(1);
    await until(() => filed === 1, "the part is filed");
    gate.open();
    expect(await whole).toBe(SIZE);
    await e.idle();
    const next = await e.get("/film");
    expect([next.headers.get("x-cache"), next.headers.get("etag")]).toEqual([shown, etag]);
    await next.body?.cancel();
  });
});

describe("a part that comes after the whole", () => {
  it.each([1000, 20 * MB])("does not take its place: %d bytes", async (length) => {
    const origin = counted({ size: length });
    const part = barrier();
    const e = testEdge({
      lower: [realColo()],
      async origin(request) {
        if (request.headers.has("range")) await part.passed;
        return origin.origin(request);
      },
    });
    const late = e.get("/film", ranged("bytes=-1"));
    await until(() => e.asked.length === 1, "the part is asked for");
    const whole = await e.get("/film");
    e.passes(1);
    expect(await size(whole)).toBe(length);
    const ifStored = { headers: { "cache-control": "only-if-cached" } };
    await until(async () => (await shown(e, ifStored)) === "HIT", "the whole is stored");
    part.open();
    expect(await size(await late)).toBe(1);
    await e.idle();
    expect(await shown(e)).toBe("HIT");
    expect(e.asked).toHaveLength(2);
  });

  async function shown(e: TestEdge, init?: RequestInit): Promise<string | null> {
    const { headers, body } = await e.get("/film", init);
    await body?.cancel();
    return headers.get("x-cache");
  }
});

describe("a range of a small body", () => {
  it.each([1000, 5 * MB, 8 * MB])("%d bytes fetches the whole once, which is stored", async (length) => {
    const origin = counted({ size: length });
    const e = edgeTo(origin);
    expect(await size(await e.get("/small", ranged("bytes=1-1")))).toBe(1);
    await e.idle();
    expect((await e.text("/small")).response.headers.get("x-cache")).toBe("HIT");
    expect([origin.sent.wholes, origin.sent.bytes]).toEqual([1, length]);
  });
});
