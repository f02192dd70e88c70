// Owns the proof that no request makes the origin send much more than its client takes: ranges of cold objects, bodies whose client left.
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import { coloTier } from "../../src/tiers/colo.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { barrier, turns, until } from "../support/barrier.ts";
import { answer, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { ranged } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";

const MB = 2 ** 20;
const SIZE = 60 * MB;
const PIECE = 64 * 1024;
const CACHED = { "cache-control": "max-age=60", "content-type": "text/css", etag: '"film"' };

/** The bytes that an origin has sent, of a body made as it is read. */
interface Counted {
  readonly origin: Origin;
  readonly sent: { bytes: number; wholes: number; broken: number };
  /** While it is shut, a body stops behind its first piece. */
  gate: Promise<void> | undefined;
}

interface Manner {
  readonly size?: number;
  readonly headers?: Record<string, string>;
  readonly ranges?: boolean;
  readonly declares?: boolean;
}

function counted({ size = SIZE, headers = CACHED, ranges = true, declares = true }: Manner = {}): Counted {
  const sent = { bytes: 0, wholes: 0, broken: 0 };
  const self: Counted = { origin, sent, gate: undefined };
  function body(length: number): ReadableStream<Uint8Array> {
    let position = 0;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (position > 0) await self.gate;
          const piece = new Uint8Array(Math.min(PIECE, length - position));
          position += piece.length;
          sent.bytes += piece.length;
          if (piece.length > 0) controller.enqueue(piece);
          if (position >= length) controller.close();
        },
        cancel() {
          sent.broken += 1;
        },
      },
      { highWaterMark: 0 },
    );
  }
  function origin(request: Request): Response {
    const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
    if (!ranges || (first === "" && last === "")) {
      sent.wholes += 1;
      return answer(body(size), { ...headers, ...(declares ? { "content-length": String(size) } : {}) });
    }
    const from = first === "" ? size - Number(last) : Number(first);
    const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
    if (from > to) return answer(null, { "content-range": `bytes */${String(size)}` }, 416);
    const own = { "content-range": `bytes ${String(from)}-${String(to)}/${String(size)}` };
    return answer(body(to - from + 1), { ...headers, ...own, "content-length": String(to - from + 1) }, 206);
  }
  return self;
}

let counter = 0;
/** One that hands out large bodies as streams. */
function realColo(): Tier {
  counter += 1;
  const name = `amplification-${String(counter)}`;
  return coloTier(() => caches.open(name), MB);
}

const colo = (): Tier => guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined);

function edgeTo({ origin }: Counted): TestEdge {
  return testEdge({ lower: [colo()], origin });
}

async function size(response: Response): Promise<number> {
  return (await response.arrayBuffer()).byteLength;
}

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

it("a range with Authorization goes as it was sent: where the whole comes all the same, it is not asked for twice", async () => {
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

/** Takes the first piece of a body, and goes. */
async function leave(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
}

describe("a body whose client has left", () => {
  it.each([
    ["of known length", true],
    ["of unknown length", false],
  ])("is not fetched to its end where much of it is left: %s", async (_, declares) => {
    const origin = counted({ declares });
    const e = edgeTo(origin);
    await leave(await e.get("/film"));
    await e.idle();
    expect(origin.sent.bytes).toBeLessThan(declares ? 2 * MB : 10 * MB);
    expect([origin.sent.broken, e.reports]).toEqual([1, []]);
    // nothing is stored of it, and nothing is remembered against it
    expect(await size(await e.get("/film"))).toBe(SIZE);
    await e.idle();
    expect((await e.get("/film")).headers.get("x-cache")).toBe("HIT");
  });

  it("is not fetched to its end for a client that has its copy already, and reads nothing", async () => {
    const origin = counted();
    const e = edgeTo(origin);
    expect((await e.get("/film", { headers: { "if-none-match": '"film"' } })).status).toBe(304);
    await e.idle();
    expect(origin.sent.bytes).toBeLessThan(MB);
  });

  it("is broken off at once while the origin pauses, without waiting for the next chunk", async () => {
    const origin = counted();
    const never = barrier();
    origin.gate = never.passed;
    const e = edgeTo(origin);
    await leave(await e.get("/film"));
    await until(() => origin.sent.broken === 1, "the origin's body is given up");
    await e.idle();
    expect(e.reports).toEqual([]);
  });

  it.each([
    ["a small page", { size: 100_000 }],
    ["a page of unknown length", { size: 100_000, declares: false }],
    ["a few megabytes", { size: 5 * MB }],
  ])("is stored all the same where little is left: %s", async (_, manner) => {
    const origin = counted(manner);
    const e = edgeTo(origin);
    await leave(await e.get("/page"));
    await e.idle();
    expect((await e.get("/page")).headers.get("x-cache")).toBe("HIT");
    expect(origin.sent.wholes).toBe(1);
  });

  it("is fetched to its end where its client had the larger half", async () => {
    const origin = counted();
    const e = edgeTo(origin);
    const reader = (await e.get("/film")).body?.getReader();
    for (let read = 0; read < 0.6 * SIZE;) read += (await reader?.read())?.value?.length ?? SIZE;
    await reader?.cancel();
    await e.idle();
    expect((await e.get("/film")).headers.get("x-cache")).toBe("HIT");
  });

  it("is fetched to its end for a follower", async () => {
    const origin = counted();
    const gate = barrier();
    origin.gate = gate.passed;
    const e = edgeTo(origin);
    const first = await e.get("/film");
    const second = e.get("/film");
    await turns(100);
    await leave(first);
    await turns(100);
    gate.open();
    expect(await size(await second)).toBe(SIZE);
    await e.idle();
    expect(origin.sent.wholes).toBe(1);
  });

  it("is not fetched to its end for a follower that has waited 15 s", async () => {
    const origin = counted();
    const gate = barrier();
    origin.gate = gate.passed;
    const e = edgeTo(origin);
    const first = await e.get("/film");
    void e.get("/film").then(leave);
    await turns(100);
    await leave(first);
    e.passes(15);
    await turns(100);
    gate.open();
    await e.idle();
    expect(origin.sent.bytes).toBeLessThan(MB);
  });
});

describe("a fetch that never had a client goes on to its end", () => {
  it("a background refresh", async () => {
    const headers = { ...CACHED, "cache-control": "max-age=1, stale-while-revalidate=600" };
    const old = counted({ headers: { ...headers, etag: '"old"' } });
    const e = edgeTo(old);
    await size(await e.get("/film"));
    await e.idle();
    e.passes(5);
    const origin = counted({ headers });
    e.origin = origin.origin;
    await size(await e.get("/film"));
    await e.idle();
    expect(origin.sent.bytes).toBe(SIZE);
    const next = await e.get("/film");
    expect([next.headers.get("x-cache"), next.headers.get("etag")]).toEqual(["HIT", '"film"']);
  });

  it("a background refresh that a range has caused: the stored response stays whole", async () => {
    const headers = { ...CACHED, "cache-control": "max-age=60, stale-while-revalidate=600" };
    const origin = counted({ headers });
    const e = testEdge({ lower: [realColo()], origin: origin.origin });
    await size(await e.get("/film"));
    await e.idle();
    e.passes(70);
    expect(await size(await e.get("/film", ranged("bytes=5-5")))).toBe(1);
    await e.idle();
    const next = await e.get("/film");
    expect([await size(next), next.headers.get("x-cache")]).toEqual([SIZE, "HIT"]);
    expect(e.asked.map(({ headers: sent }) => sent.get("range"))).toEqual([null, null]);
  });

  it("a background refresh whose validation went wrong", async () => {
    const length = 20 * MB;
    const headers = { ...CACHED, "cache-control": "max-age=60, stale-while-revalidate=600" };
    const policy = (nonce: string) => ({ ...headers, "content-security-policy": `script-src 'nonce-${nonce}'` });
    const e = testEdge({
      memory: { bytes: 128 * MB, bodyBytes: 2 * length },
      origin: counted({ size: length, headers: policy("a") }).origin,
    });
    await size(await e.get("/page"));
    await e.idle();
    e.passes(70);
    const origin = counted({ size: length, headers: policy("b") });
    e.origin = (request) =>
      request.headers.has("if-none-match") ? answer(null, policy("b"), 304) : origin.origin(request);
    const gate = barrier();
    origin.gate = gate.passed;
    await size(await e.get("/page"));
    await until(() => origin.sent.bytes > 0, "the body has begun");
    await turns(200);
    gate.open();
    await e.idle();
    const next = await e.get("/page");
    await next.body?.cancel();
    expect([next.headers.get("x-cache"), next.headers.get("content-security-policy")]).toEqual([
      "HIT",
      "script-src 'nonce-b'",
    ]);
    expect(origin.sent).toEqual({ bytes: length, wholes: 1, broken: 0 });
  });

  it("an answer that came after its client got a stale response", async () => {
    const headers = { ...CACHED, "cache-control": "max-age=1, stale-if-error=600" };
    const e = edgeTo(counted({ size: 100_000, headers: { ...headers, etag: '"old"' } }));
    await e.text("/film");
    e.passes(5);
    const origin = counted({ headers });
    const slow = barrier();
    e.origin = async (request) => {
      await slow.passed;
      return origin.origin(request);
    };
    const waiting = e.get("/film");
    await until(() => e.asked.length === 2, "the origin is asked");
    await turns(100);
    e.passes(2);
    expect(await size(await waiting)).toBe(100_000);
    slow.open();
    await e.idle();
    expect(origin.sent.bytes).toBe(SIZE);
    expect((await e.get("/film")).headers.get("etag")).toBe('"film"');
  });
});
