// Owns the proof that a body whose client has left is fetched to its end only if that is worth it (decision 023).
import { describe, expect, it } from "vitest";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { SIZE, counted, edgeTo, size } from "../../support/counted-origin.ts";
import { realColo } from "../../support/real-colo.ts";

const MB = 2 ** 20;
const CACHED = { "cache-control": "max-age=60", "content-type": "text/css", etag: '"film"' };
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
