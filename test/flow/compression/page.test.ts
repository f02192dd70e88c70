// Owns the proof that a page leaves encoded for the clients that accept a coding: bytes, tags, ranges and parts.
import { describe, expect, it } from "vitest";
import { zlibCodings } from "../../../src/codings/zlib.ts";
import { CONTENT_CODINGS } from "../../../src/http/select/coding.ts";
import { barrier, until } from "../../support/barrier.ts";
import { NOON_MS } from "../../support/clock.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { partial, ranged, rangedOrigin } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf } from "../../support/stored.ts";
import { TEXT, accepts, get, page, plainOf } from "../../support/compressed-page.ts";

const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/html" };
describe.each(CONTENT_CODINGS)("a page for a client that accepts %s", (coding) => {
  it("leaves encoded, from the origin and from the store, and is encoded once", async () => {
    const e = testEdge({ origin: page });
    const miss = await get(e, accepts(coding));
    expect(miss).toMatchObject({ cache: "MISS", coding, length: null, etag: 'W/"v1"', vary: "accept-encoding" });
    expect(await plainOf(miss)).toBe(TEXT);
    for (let i = 0; i < 3; i++) {
      const hit = await get(e, accepts(coding));
      expect(hit).toMatchObject({ cache: "HIT", coding, etag: 'W/"v1"', vary: "accept-encoding" });
      expect(hit.length).toBe(String(hit.bytes.length));
      expect(hit.bytes.length).toBeLessThan(TEXT.length / 3);
      expect(await plainOf(hit)).toBe(TEXT);
    }
    expect(e.encoded).toEqual([coding]);
    expect(e.asked[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  it("that others have fetched is encoded at its first hit, once", async () => {
    const e = testEdge({ origin: page });
    await get(e);
    for (let i = 0; i < 3; i++) {
      const hit = await get(e, accepts(coding));
      expect([hit.coding, hit.length]).toEqual([coding, String(hit.bytes.length)]);
      expect(await plainOf(hit)).toBe(TEXT);
    }
    expect(e.encoded).toEqual([coding]);
  });

  it("validates with either form of its tag, and the 304 has the tag of the 200", async () => {
    const e = testEdge({ origin: page });
    for (const cache of ["MISS", "HIT", "HIT"])
      for (const tag of ['W/"v1"', '"v1"'])
        expect(await get(e, accepts(coding, { "if-none-match": tag }), `/${tag}`)).toMatchObject({
          status: 304,
          cache,
          coding: null,
          etag: 'W/"v1"',
          vary: "accept-encoding",
        });
    // a 304 has no body to encode
    expect(e.encoded).toEqual([]);
  });

  it("is described by HEAD as by GET", async () => {
    const e = testEdge({ origin: (request) => (request.method === "HEAD" ? answer(null, CACHED) : page(request)) });
    const head = { method: "HEAD", ...accepts(coding) };
    const fields = { coding, etag: 'W/"v1"', vary: "accept-encoding" };
    expect(await get(e, head)).toMatchObject({ cache: "MISS", length: null, ...fields });
    await get(e);
    const hit = await get(e, head);
    expect(hit).toMatchObject({ cache: "HIT", ...fields });
    expect(hit.length).toBe(String((await get(e, accepts(coding))).bytes.length));
  });

  it("is cut by its plain bytes, under the origin's own tag", async () => {
    const e = testEdge({ origin: page });
    await get(e, accepts(coding));
    for (const more of [{}, { "if-range": '"v1"' }]) {
      const part = await get(e, ranged("bytes=4-7", { "accept-encoding": coding, ...more }));
      expect(part).toMatchObject({ status: 206, coding: null, length: "4", etag: '"v1"', vary: "accept-encoding" });
      expect(await plainOf(part)).toBe(TEXT.slice(4, 8));
    }
    const whole = await get(e, ranged("bytes=4-7", { "accept-encoding": coding, "if-range": 'W/"v1"' }));
    expect(whole).toMatchObject({ status: 200, coding, etag: 'W/"v1"' });
    expect(await plainOf(whole)).toBe(TEXT);
  });

  it("is never continued in plain bytes by its date, which names both forms (RFC 9110 8.8.2.2)", async () => {
    const date = "Mon, 02 Nov 2026 12:00:00 GMT";
    const { etag: _, ...fields } = { ...CACHED, "last-modified": date, "accept-ranges": "bytes" };
    const sent = { ...fields, date: new Date(NOON_MS).toUTCString(), "content-length": String(TEXT.length) };
    const e = testEdge({ origin: () => answer(TEXT, sent) });
    for (const path of ["/miss", "/hit", "/hit"]) {
      const resumed = ranged("bytes=4-7", { "accept-encoding": coding, "if-range": date });
      const got = await get(e, resumed, path);
      expect(got, path).toMatchObject({ status: 200, coding });
      expect(await plainOf(got)).toBe(TEXT);
    }
    // a client with plain bytes may go on with plain bytes
    const plain = await get(e, ranged("bytes=4-7", { "if-range": date }), "/hit");
    expect(plain).toMatchObject({ status: 206, coding: null });
    const response = await e.get("/hit", accepts(coding));
    expect(response.headers.get("accept-ranges")).toBeNull();
    expect((await e.get("/hit")).headers.get("accept-ranges")).toBe("bytes");
  });

  it("is negotiated alike whether it came whole or in parts (RFC 9111 3.4)", async () => {
    const whole = rangedOrigin(TEXT, CACHED);
    const e = testEdge({
      // the edge passes a part on, until a client requests a range
      origin: (request) => (request.headers.has("range") ? whole(request) : partial(TEXT, 0, 99, { ...CACHED })),
    });
    await get(e);
    await get(e, accepts(coding));
    const hit = await get(e, accepts(coding));
    expect(hit).toMatchObject({ status: 200, cache: "HIT", coding, etag: 'W/"v1"', vary: "accept-encoding" });
    expect(await plainOf(hit)).toBe(TEXT);
  });

  it.each([
    ["too short to be encoded", TEXT.slice(0, 500)],
    ["too long to be stored", TEXT.repeat(100)],
  ])("sends Vary from the first answer on, although only the body's end shows that it is %s", async (_, text) => {
    // a fresh stream each time: its length is not declared
    const e = testEdge({
      lower: [mapTier("colo", 200_000)],
      memory: { bytes: 2 ** 20, bodyBytes: 200_000 },
      origin: () => answer(new Blob([text]).stream(), CACHED),
    });
    for (let i = 0; i < 3; i++)
      for (const init of [accepts(coding), {}]) {
        const got = await get(e, init, `/${String("headers" in init)}`);
        expect(got).toMatchObject({ status: 200, vary: "accept-encoding" });
        expect(await plainOf(got)).toBe(text);
      }
  });

  it("stays plain after a 304 that forbids encoding, even if that 304 may not be stored", async () => {
    for (const refusal of ["no-transform, max-age=60", "private, no-transform"]) {
      const e = testEdge({
        origin: (request) =>
          request.headers.has("if-none-match")
            ? answer(null, { "cache-control": refusal, etag: '"v1"' }, 304)
            : answer(TEXT, { ...CACHED, "cache-control": "max-age=1" }),
      });
      await get(e);
      e.passes(2);
      expect(await get(e, accepts(coding)), refusal).toMatchObject({ status: 200, coding: null, etag: '"v1"' });
    }
  });

  it("is encoded once for all followers of one fetch", async () => {
    const answered = barrier();
    const e = testEdge({
      origin: async (request) => {
        await answered.passed;
        return page(request);
      },
    });
    const all = Array.from({ length: 50 }, () => get(e, accepts(coding)));
    answered.open();
    for (const got of await Promise.all(all)) expect(await plainOf(got)).toBe(TEXT);
    expect(e.asked).toHaveLength(1);
    expect(e.encoded).toEqual([coding]);
  });

  it("is encoded again by each isolate, from the colo's plain body", async () => {
    const colo = mapTier("colo");
    const first = testEdge({ lower: [colo], origin: page });
    await get(first, accepts(coding));
    const second = testEdge({ lower: [colo], log: first.log, origin: page });
    for (let i = 0; i < 3; i++) expect(await plainOf(await get(second, accepts(coding)))).toBe(TEXT);
    expect([second.asked, second.encoded]).toEqual([[], [coding]]);
  });

  it("reaches it before the origin has sent all of it", async () => {
    const rest = barrier();
    const e = testEdge({
      origin: () =>
        answer(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(bytesOf(TEXT));
              await rest.passed;
              controller.enqueue(bytesOf("</html>"));
              controller.close();
            },
          }),
          CACHED,
        ),
    });
    const response = await e.get("/a", accepts(coding));
    const encoded = response.body ?? new ReadableStream();
    const [one, other] = encoded.tee();
    const reader = zlibCodings.decoded(one, coding).getReader();
    let text = "";
    const decoder = new TextDecoder();
    // the encoder gives away what it has when nothing has come for 5 ms
    const pausing = until(() => {
      e.passes(0.005);
      return text.length >= TEXT.length;
    }, "all that was sent is here");
    while (text.length < TEXT.length) text += decoder.decode((await reader.read()).value, { stream: true });
    await pausing;
    expect(text).toBe(TEXT);
    rest.open();
    const bytes = new Uint8Array(await new Response(other).arrayBuffer());
    expect(await plainOf({ coding, bytes })).toBe(`${TEXT}</html>`);
    await reader.cancel();
    await e.idle();
    expect(await plainOf(await get(e, accepts(coding)))).toBe(`${TEXT}</html>`);
    expect(e.encoded).toEqual([coding]);
  });
});
