// Owns the proof that a fill passes a body on as it comes, stays within its bounds, and leaves it to the runtime where no tier takes it.
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/flow/edge.ts";
import { fill, type Fill } from "../../src/flow/fill/fill.ts";
import { deadline, type Timeout, timeout } from "../../src/base/deadline.ts";
import { coloTier } from "../../src/tiers/colo.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Reservation } from "../../src/tiers/tier.ts";
import { barrier, turns, until } from "../support/barrier.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { ranged } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, fieldsOf, keyOf, noise, storedOf } from "../support/stored.ts";
import { equal } from "../tiers/contract.ts";

const CACHED = { "cache-control": "max-age=60" };
const MB = 2 ** 20;

/** A body as a fetched one is: the runtime's own stream of bytes, written by hand. */
function byHand(length?: number) {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  return { readable, writer: writable.getWriter() };
}

function lengthOf(length: number | undefined): Record<string, string> {
  return length === undefined ? {} : { "content-length": String(length) };
}

let counter = 0;
async function realColo() {
  counter += 1;
  const cache = await caches.open(`streams-${String(counter)}`);
  return coloTier(() => Promise.resolve(cache), MB);
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<number> {
  let size = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (!chunk?.value) return size;
    size += chunk.value.length;
  }
}

describe("the first byte leaves before the origin has finished", () => {
  it.each([
    ["small, of known length", 1000],
    ["large, of known length", 5 * MB],
    ["too large for any tier, of known length", 600e6],
    ["of unknown length", undefined],
  ])("%s", async (_, length) => {
    const e = testEdge({ lower: [await realColo()] });
    const { readable, writer } = byHand(length);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length) });
    const response = e.get("/a");
    void writer.write(bytesOf("1"));
    const reader = (await response).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("1");
    void writer.write(bytesOf("23"));
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("23");
    const left = reader?.read().catch(() => undefined);
    await writer.abort(new Error("reset"));
    await left;
    await e.idle();
  });
});

/** A body of `size` bytes, written piece by piece as the reader takes it. */
function flowing(size: number, declares: boolean, pieceBytes = MB / 4): ReadableStream<Uint8Array> {
  const { readable, writer } = byHand(declares ? size : undefined);
  void (async () => {
    for (let sent = 0; sent < size; sent += pieceBytes) {
      await writer.write(new Uint8Array(Math.min(pieceBytes, size - sent)));
    }
    await writer.close();
  })().catch(() => undefined);
  return readable;
}

/** Bytes reserved from the memory budget, at most and now. */
function watchedBudget(e: TestEdge) {
  const seen = { peak: 0, now: 0 };
  const { stack } = e.edge;
  const reserve = (bytes: number): Reservation | undefined => {
    const reservation = stack.reserve(bytes);
    if (!reservation) return undefined;
    let isHeld = true;
    seen.now += bytes;
    seen.peak = Math.max(seen.peak, seen.now + e.memory.usedBytes);
    const release = (): void => {
      if (isHeld) seen.now -= bytes;
      isHeld = false;
      reservation.release();
    };
    return { ...reservation, release };
  };
  return { seen, edge: { ...e.edge, stack: { ...stack, reserve } } };
}

function filling(source: ReadableStream<Uint8Array>, length: number | undefined, path = "/a"): Fill {
  const slot = {
    key: keyOf(path),
    request: fieldsOf({}),
    index: undefined,
    global: false,
    maxVariants: 16,
    startedAt: 0,
  };
  return { source, length, slot, stored: storedOf({ bodyLength: undefined }), makesEtag: false };
}

describe("bodies on their way count in the memory budget", () => {
  it.each([
    ["known", true, true],
    ["unknown", false, true],
    ["known, without a colo", true, false],
    ["unknown, without a colo", false, false],
  ])("64 of an eighth of it at once, of a length that is %s", async (_, declares, hasColo) => {
    const size = MB / 4;
    const budget = 2 * MB;
    const lower = hasColo ? [mapTier("colo")] : [];
    const e = testEdge({ lower, memory: { bytes: budget, bodyBytes: size } });
    const { seen, edge } = watchedBudget(e);
    const start = barrier();
    const all = Array.from({ length: 64 }, async (__, i) => {
      const { readable, writer } = byHand(declares ? size : undefined);
      const { body, outcome, done } = fill(edge, filling(readable, declares ? size : undefined, `/${String(i)}`));
      const written = (async () => {
        await writer.write(new Uint8Array(size / 2));
        await start.passed;
        await writer.write(new Uint8Array(size / 2));
        await writer.close();
      })();
      const got = await read(body.getReader());
      await Promise.all([written, done]);
      return [got, await outcome] as const;
    });
    await until(() => seen.peak > budget / 4, "bodies are on their way");
    start.open();
    const ended = await Promise.all(all);
    expect(seen.peak).toBeLessThanOrEqual(budget);
    expect(ended.every(([got]) => got === size)).toBe(true);
    const stored = ended.filter(([, how]) => how === "stored").length;
    if (hasColo) expect(stored).toBe(64);
    else expect(stored).toBeLessThan(64);
    expect(seen.now).toBe(0);
    expect(edge.stack.reserve(budget / 4)).toBeDefined();
  });

  it("until the body breaks off or its client leaves", async () => {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { seen, edge } = watchedBudget(e);
    for (const length of [100_000, 5 * MB]) {
      const { readable, writer } = byHand(length);
      const { body, done, outcome } = fill(edge, filling(readable, length));
      const reader = body.getReader();
      void writer.write(bytesOf("1"));
      await reader.read();
      expect(seen.now).toBeGreaterThan(0);
      void writer.abort(new Error("reset"));
      await expect(reader.read()).rejects.toThrow();
      await done;
      expect([seen.now, await outcome]).toEqual([0, "broken"]);
    }
  });
});

describe("a body that no tier takes is left to the runtime", () => {
  it.each([
    ["larger than the colo takes", 600e6, true],
    ["larger than memory takes, without a colo", 2 * MB, false],
  ])("from the start where its declared length says so: %s", async (_, length, hasColo) => {
    const colo = await realColo();
    const e = testEdge({ lower: hasColo ? [colo] : [] });
    const { readable } = byHand(length);
    const { body, outcome } = fill(e.edge, filling(readable, length));
    expect(body).toBe(readable);
    expect(await outcome).toBe("no-room");
  });

  it("once it is larger than the colo takes", async () => {
    const colo = mapTier("colo");
    const e = testEdge({
      lower: [guarded({ ...colo, maxStreamedBytes: 3 * MB }, deadline(timeout, 1000), () => undefined)],
    });
    e.origin = () => answer(flowing(6 * MB, false), CACHED);
    expect((await (await e.get("/a")).arrayBuffer()).byteLength).toBe(6 * MB);
    await e.idle();
    expect(colo.entries.size).toBe(0);
  });

  it("once the colo is too slow for it", async () => {
    const colo = mapTier("colo");
    const never = barrier();
    colo.beforePut = () => never.passed;
    const e = testEdge({ lower: [guarded(colo, deadline(timeout, 1000), () => undefined)] });
    e.origin = () => answer(flowing(6 * MB, true), { ...CACHED, ...lengthOf(6 * MB) });
    let size = 0;
    const ended = e.get("/a").then(async (response) => (size = (await response.arrayBuffer()).byteLength));
    await until(() => e.clock.timeouts() > 1, "the colo is waited for");
    expect(size).toBe(0);
    e.passes(4);
    expect(await ended).toBe(6 * MB);
    never.open();
    await e.idle();
    expect(colo.entries.size).toBe(0);
  });

  it("but not if the colo catches up in time", async () => {
    const colo = mapTier("colo");
    const slow = barrier();
    colo.beforePut = () => slow.passed;
    const e = testEdge({ lower: [colo] });
    e.origin = () => answer(flowing(6 * MB, true), { ...CACHED, ...lengthOf(6 * MB) });
    const ended = e.get("/a").then(async (response) => (await response.arrayBuffer()).byteLength);
    await until(() => e.clock.timeouts() > 1, "the colo is waited for");
    e.passes(1);
    slow.open();
    expect(await ended).toBe(6 * MB);
    await e.idle();
    expect((await e.get("/a")).headers.get("x-cache")).toBe("HIT");
    expect(e.clock.timeouts()).toBe(0);
  });

  it("and is not stored if its resource is invalidated meanwhile", async () => {
    const e = testEdge({ lower: [await realColo()] });
    const { readable, writer } = byHand(2 * MB);
    e.origin = (request) =>
      request.method === "POST" ? answer("done") : answer(readable, { ...CACHED, ...lengthOf(2 * MB) });
    void writer.write(noise(MB));
    const ended = e.get("/a").then(async (response) => response.arrayBuffer());
    await turns(500);
    await (await e.get("/a", { method: "POST" })).text();
    await writer.write(noise(MB));
    await writer.close();
    expect((await ended).byteLength).toBe(2 * MB);
    await e.idle();
    e.origin = () => answer("new", CACHED);
    expect((await e.text("/a")).text).toBe("new");
  });

  it("and followers fetch for themselves", async () => {
    const e = testEdge();
    const start = barrier();
    e.origin = async () => {
      await start.passed;
      return answer(flowing(2 * MB, true), { ...CACHED, ...lengthOf(2 * MB) });
    };
    const all = Array.from({ length: 5 }, async () => {
      const response = await e.get("/a");
      return [response.status, (await response.arrayBuffer()).byteLength];
    });
    await turns(200);
    start.open();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 5 }, () => [200, 2 * MB]));
  });
});

describe("a range of a body that no tier takes", () => {
  it.each([
    ["known", true],
    ["unknown", false],
  ])("fetches the whole once, and from then on the range itself: length %s", async (_, declares) => {
    const e = testEdge();
    e.origin = (request) => {
      if (request.headers.has("range")) {
        return answer("b", { ...CACHED, "content-range": `bytes 1-1/${String(3 * MB)}`, "content-length": "1" }, 206);
      }
      return answer(flowing(3 * MB, declares), { ...CACHED, ...lengthOf(declares ? 3 * MB : undefined) });
    };
    await (await e.get("/a", ranged("bytes=0-9"))).arrayBuffer();
    await e.idle();
    expect((await e.text("/a", ranged("bytes=1-1"))).text).toBe("b");
    expect(e.asked.map((request) => request.headers.get("range"))).toEqual([null, "bytes=1-1"]);
  });

  it.each([
    ["the origin broke off", (w: WritableStreamDefaultWriter) => w.abort(new Error("reset"))],
    ["its client left", (w: WritableStreamDefaultWriter) => w.close()],
  ])("fetches the whole again where %s: that says nothing of the next time", async (_, end) => {
    const e = testEdge();
    const { readable, writer } = byHand();
    e.origin = () => answer(readable, CACHED);
    const response = e.get("/a");
    void writer.write(bytesOf("hello"));
    const reader = (await response).body?.getReader();
    await reader?.read();
    const left = reader?.cancel();
    await end(writer).catch(() => undefined);
    await left;
    await e.idle();
    e.origin = () => answer("whole", CACHED);
    await e.text("/a?next", ranged("bytes=1-1"));
    await e.text("/a", ranged("bytes=1-1"));
    expect(e.asked.every((request) => !request.headers.has("range"))).toBe(true);
  });
});

/** A client that has had the first byte of a body and is gone; the next byte lets the edge learn that. */
async function leftBehind(length: number | undefined, coding = "identity") {
  const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
  const { readable, writer } = byHand(length);
  e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length), "content-type": "text/plain" });
  const response = e.get("/a", { headers: { "accept-encoding": coding } });
  void writer.write(bytesOf("1"));
  const { body, headers } = await response;
  expect(headers.get("content-encoding") ?? "identity").toBe(coding);
  const reader = body?.getReader();
  let hasCome = false;
  const first = reader?.read().then(() => (hasCome = true));
  // an encoder waits 5 ms for more
  await until(() => {
    e.passes(0.005);
    return hasCome;
  }, "the first byte has come");
  await first;
  await reader?.cancel();
  await writer.write(bytesOf("2"));
  await turns();
  return { e, writer };
}

describe("a fill whose client has left", () => {
  it.each([
    ["small", 1000],
    ["large", 5 * MB],
    ["of unknown length", undefined],
    ["encoded on its way", undefined, "gzip"],
  ])("is abandoned after 30 s, and reported: %s", async (_, length, coding?: string) => {
    const { e, writer } = await leftBehind(length, coding);
    for (let i = 0; i < 29; i++) {
      e.passes(1);
      await writer.write(bytesOf("3"));
    }
    expect(e.reports).toEqual([]);
    // one of these bytes tells the edge at the latest
    e.passes(30);
    await e.idle();
    expect(e.reports.map(({ cause }) => String(cause))).toEqual([expect.stringContaining("30 s after its client")]);
    e.origin = () => answer("whole", CACHED);
    expect((await e.text("/a")).text).toBe("whole");
  });

  it("is not abandoned if it ends before", async () => {
    const { e, writer } = await leftBehind(3);
    e.passes(29);
    await writer.write(bytesOf("3"));
    await writer.close();
    await e.idle();
    e.passes(5);
    expect([e.reports, e.clock.timeouts()]).toEqual([[], 0]);
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("x-cache"), e.asked.length]).toEqual(["123", "HIT", 1]);
  });

  it("is not abandoned while a slow client still reads", async () => {
    const e = testEdge();
    const { readable, writer } = byHand(5);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(5) });
    const reader = (await e.get("/a")).body?.getReader();
    for (const digit of "12345") {
      void writer.write(bytesOf(digit));
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(digit);
      e.passes(20);
    }
    void writer.close();
    await e.idle();
    expect(e.reports).toEqual([]);
  });

  it.each([
    ["small", 6],
    ["large", 5 * MB],
    ["of unknown length", undefined],
  ])("is broken off when nothing comes for 30 s, for a client that waits, too: %s", async (_, length) => {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { readable, writer } = byHand(length);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length) });
    const response = e.get("/a");
    void writer.write(bytesOf("abc"));
    const reader = (await response).body?.getReader();
    await reader?.read();
    e.passes(31);
    await turns();
    expect(e.reports.map(({ cause }) => String(cause))).toEqual([expect.stringContaining("nothing came for 30 s")]);
    await expect(reader?.read()).rejects.toThrow("nothing came");
    await expect(writer.write(bytesOf("d"))).rejects.toThrow();
    await e.idle();
    expect([e.memory.usedBytes, e.clock.timeouts()]).toEqual([0, 0]);
    e.origin = () => answer("new", CACHED);
    expect((await e.text("/a")).text).toBe("new");
  });
});

describe("a fill's reservation of memory", () => {
  const SIZES: readonly (readonly [string, number])[] = [
    ["small", 100_000],
    ["large", 5 * MB],
  ];

  /** A fill of which one byte has come. */
  function begun(length: number, changes: Partial<Clock> = {}) {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { seen, edge } = watchedBudget(e);
    const { readable, writer } = byHand(length);
    const { body } = fill({ ...edge, clock: { ...edge.clock, ...changes } }, filling(readable, length));
    return { e, seen, writer, reader: body.getReader(), first: writer.write(bytesOf("1")) };
  }

  it.each(SIZES)("is given back when nothing comes for 30 s, and nothing may come for ever: %s", async (_, length) => {
    const { e, seen, reader } = begun(length);
    await reader.read();
    await turns();
    expect(seen.now).toBeGreaterThan(0);
    e.passes(30);
    await turns();
    expect([seen.now, e.memory.usedBytes]).toEqual([0, 0]);
  });

  it("is not given back before a slow client has read the collected bytes", async () => {
    const { e, seen, reader, writer, first } = begun(100_000);
    await first;
    // the reader takes the next chunk after it passed on the one before
    await writer.write(bytesOf("2"));
    e.passes(30);
    await turns(50);
    expect([e.reports.length, seen.now]).toEqual([1, 100_000]);
    await reader.read();
    await expect(reader.read()).rejects.toThrow("nothing came");
    await until(() => seen.now === 0, "it is given back");
  });

  it.each(SIZES)("stays while the fill runs, however long: %s", async (_, length) => {
    const { e, seen, reader, writer } = begun(length);
    for (let i = 0; i < 20; i++) {
      await reader.read();
      expect(e.memory.usedBytes).toBe(seen.now);
      expect(seen.now).toBeGreaterThan(0);
      e.passes(20);
      void writer.write(bytesOf("2"));
    }
    expect(e.reports).toEqual([]);
  });

  it.each(SIZES)("comes back a minute after the platform has cut its request off: %s", async (_, length) => {
    // the timers of that request never go off
    const dead: Timeout = { passed: new Promise(() => undefined), cancel: () => undefined };
    const { e, reader } = begun(length, { timeout: () => dead });
    await reader.read();
    await turns();
    expect(e.memory.usedBytes).toBeGreaterThan(0);
    e.passes(60);
    expect(e.memory.usedBytes).toBe(0);
  });
});

describe("a body that no tier takes", () => {
  it.each([
    ["server-sent events", { "content-type": "text/event-stream", "cache-control": "no-cache" }],
    ["because it must not be stored", { "cache-control": "no-store" }],
  ])("may pause as long as it likes: %s", async (_, fields: Record<string, string>) => {
    const e = testEdge();
    const { readable, writer } = byHand();
    e.origin = () => answer(readable, fields);
    const reader = (await e.get("/a")).body?.getReader();
    for (let i = 0; i < 3; i++) {
      void writer.write(bytesOf("1"));
      await reader?.read();
      e.passes(3600);
    }
    expect(e.reports).toEqual([]);
    void writer.close();
    expect(await read(reader)).toBe(0);
  });
});

describe("many ranges cost one full response", () => {
  it.each([
    ["5 MB, which only the colo keeps", 5 * MB],
    ["500 KB", 500_000],
  ])("50 at once of a cold object of %s", async (_, size) => {
    const bytes = noise(size);
    const e = testEdge({ lower: [await realColo()] });
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
    const e = testEdge({ lower: [await realColo()], origin: () => answer(bytes, { ...CACHED, ...lengthOf(500_000) }) });
    for (let i = 0; i < 3; i++) {
      const response = await e.get("/a", ranged(range));
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(500_000);
    }
    await e.idle();
    expect(e.asked.map((request) => request.headers.get("range"))).toEqual([null]);
  });
});
