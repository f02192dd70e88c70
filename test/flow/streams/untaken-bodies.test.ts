// Owns the proof that a body which no tier takes is left to the runtime.
import { describe, expect, it } from "vitest";
import { fill } from "../../../src/flow/fill/fill.ts";
import { deadline, timeout } from "../../../src/base/deadline.ts";
import { guarded } from "../../../src/tiers/guard.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { byHand, filling, lengthOf, read } from "../../support/streamed-bodies.ts";
import { realColo } from "../../support/real-colo.ts";

const CACHED = { "cache-control": "max-age=60" };
const MB = 2 ** 20;
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

describe("a body that no tier takes is left to the runtime", () => {
  it.each([
    ["larger than the colo takes", 600e6, true],
    ["larger than memory takes, without a colo", 2 * MB, false],
  ])("from the start where its declared length says so: %s", async (_, length, hasColo) => {
    const colo = realColo();
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
    const e = testEdge({ lower: [realColo()] });
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
