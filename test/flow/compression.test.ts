// Owns the proof of compression at the edge: each client's bytes and fields, made once, and counted where they are stored.
import { describe, expect, it } from "vitest";
import { zlibCodings } from "../../src/codings/zlib.ts";
import { CONTENT_CODINGS, type ContentCoding } from "../../src/http/select/coding.ts";
import { barrier, until } from "../support/barrier.ts";
import { NOON_MS } from "../support/clock.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { partial, ranged, rangedOrigin } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, noise } from "../support/stored.ts";

const TEXT = Array.from({ length: 400 }, (_, i) => `<li class="item">Item number ${String(i * 7919)}</li>`).join("\n");
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/html" };
const page: Origin = (request) =>
  request.headers.get("if-none-match") === '"v1"' ? answer(null, CACHED, 304) : answer(TEXT, CACHED);
const accepts = (coding: string, more: Record<string, string> = {}): RequestInit => ({
  headers: { "accept-encoding": coding, ...more },
});

interface Got {
  readonly status: number;
  readonly cache: string | null;
  readonly coding: string | null;
  readonly length: string | null;
  readonly etag: string | null;
  readonly vary: string | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function get(e: TestEdge, init?: RequestInit, path = "/a"): Promise<Got> {
  const { status, headers, body } = await e.get(path, init);
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  await e.idle();
  return {
    status,
    cache: headers.get("x-cache"),
    coding: headers.get("content-encoding"),
    length: headers.get("content-length"),
    etag: headers.get("etag"),
    vary: headers.get("vary"),
    bytes,
  };
}

/** The decoded bytes. */
async function plainOf({ coding, bytes }: Pick<Got, "coding" | "bytes">): Promise<string> {
  if (coding === null) return new TextDecoder().decode(bytes);
  const decoded = zlibCodings.decoded(new Blob([bytes]).stream(), coding as ContentCoding);
  return new Response(decoded).text();
}

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

describe("each coding", () => {
  it("is made once, whatever the order of clients", async () => {
    const e = testEdge({ origin: page });
    for (let i = 0; i < 3; i++)
      for (const accepted of ["gzip", "br", "gzip, deflate, br, zstd", "zstd", "identity", "gzip;q=1, br;q=0.5", "*"])
        expect(await plainOf(await get(e, accepts(accepted)))).toBe(TEXT);
    expect(e.encoded.toSorted()).toEqual(["br", "gzip", "zstd"]);
  });

  it("is not made again when the origin has confirmed the body", async () => {
    const e = testEdge({ origin: page });
    await get(e, accepts("br"));
    for (const cache of ["REVALIDATED", "HIT"]) {
      if (cache === "REVALIDATED") e.passes(61);
      expect(await get(e, accepts("br"))).toMatchObject({ cache, coding: "br", etag: 'W/"v1"' });
    }
    expect(e.encoded).toEqual(["br"]);
  });

  it("is made anew of another body", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer(TEXT, CACHED),
        () => answer(TEXT.toUpperCase(), { ...CACHED, etag: '"v2"' }),
      ),
    });
    await get(e, accepts("br"));
    e.passes(61);
    for (let i = 0; i < 2; i++) {
      const got = await get(e, accepts("br"));
      expect([got.etag, await plainOf(got)]).toEqual(['W/"v2"', TEXT.toUpperCase()]);
    }
    expect(e.encoded).toEqual(["br", "br"]);
  });

  it("goes on being made where the first client leaves", async () => {
    const e = testEdge({ origin: page });
    await (await e.get("/a", accepts("gzip"))).body?.cancel();
    await e.idle();
    expect(await plainOf(await get(e, accepts("gzip")))).toBe(TEXT);
    expect(e.encoded).toEqual(["gzip"]);
  });

  it("has a made tag, weak where the bytes are", async () => {
    const { etag: _, ...untagged } = CACHED;
    const e = testEdge({ origin: () => answer(TEXT, untagged) });
    await get(e);
    const plain = await get(e);
    const coded = await get(e, accepts("br"));
    expect(plain.etag).toMatch(/^"strata-/);
    expect(coded.etag).toBe(`W/${String(plain.etag)}`);
    for (const tag of [plain.etag, coded.etag])
      expect((await get(e, accepts("br", { "if-none-match": tag ?? "" }))).status).toBe(304);
  });

  it("describes its own bytes only: digests of the plain ones stay behind", async () => {
    const digests = { "content-md5": "x", "content-digest": "sha-256=:x:", "repr-digest": "sha-256=:x:" };
    const e = testEdge({ origin: () => answer(TEXT, { ...CACHED, ...digests }) });
    for (let i = 0; i < 2; i++) {
      const { headers } = (await e.text("/a", accepts("br"))).response;
      for (const name of Object.keys(digests)) expect(headers.get(name), name).toBeNull();
    }
    expect((await e.text("/a")).response.headers.get("repr-digest")).toBe("sha-256=:x:");
  });
});

describe("encoded forms in memory", () => {
  /** Of each form besides its bytes (decision 011). */
  const FORM_BYTES = 192;

  it("count against the budget, and leave with their body", async () => {
    const e = testEdge({ origin: page });
    await get(e);
    const plain = e.memory.usedBytes;
    const lengths = [];
    for (const coding of CONTENT_CODINGS) lengths.push((await get(e, accepts(coding))).bytes.length);
    expect(e.memory.usedBytes).toBe(plain + lengths.reduce((a, b) => a + b + FORM_BYTES, 0));
    await get(e, { method: "DELETE" });
    expect(e.memory.usedBytes).toBe(0);
  });

  it("stay within the budget", async () => {
    const e = testEdge({ origin: page, memory: { bytes: 3 * TEXT.length, bodyBytes: 2 ** 20 } });
    for (let i = 0; i < 20; i++)
      for (const coding of CONTENT_CODINGS) {
        expect(await plainOf(await get(e, accepts(coding), `/${String(i)}`))).toBe(TEXT);
        expect(e.memory.usedBytes).toBeLessThanOrEqual(3 * TEXT.length);
      }
  });
});

describe("a body stays plain", () => {
  const unchanged = { coding: null, vary: null };
  const origin =
    (body: BodyInit, fields: Record<string, string>): Origin =>
    () =>
      answer(body, { ...CACHED, ...fields });

  it.each([
    ["media", TEXT, { "content-type": "image/png" }, '"v1"'],
    ["without a type", bytesOf(TEXT), { "content-type": "" }, '"v1"'],
    ["under 1 KB", "short", { "content-length": "5" }, '"v1"'],
    ["that must not be transformed", TEXT, { "cache-control": "max-age=60, no-transform" }, '"v1"'],
    ["in an unknown coding", TEXT, { "content-encoding": "x-own" }, '"v1"'],
  ])("%s", async (_, body, fields: Record<string, string>, etag) => {
    const e = testEdge({ origin: origin(body, fields) });
    for (const cache of ["MISS", "HIT"]) {
      const got = await get(e, accepts("br"));
      expect(got).toMatchObject({ cache, vary: null, etag });
      expect(got.coding).toBe(fields["content-encoding"] ?? null);
    }
    expect(e.encoded).toEqual([]);
  });

  it("where the rule says so", async () => {
    const site = { rules: [{ match: "/*", compress: false as const }] };
    const e = testEdge({ site, origin: page });
    for (let i = 0; i < 2; i++) expect(await get(e, accepts("br"))).toMatchObject({ ...unchanged, etag: '"v1"' });
  });

  it("where the rule offers no coding that the client accepts; other clients may get one", async () => {
    const site = { rules: [{ match: "/*", compress: ["gzip"] as const }] };
    const e = testEdge({ site, origin: page });
    for (let i = 0; i < 2; i++)
      expect(await get(e, accepts("br"))).toMatchObject({ coding: null, etag: '"v1"', vary: "accept-encoding" });
    expect(await get(e, accepts("br, gzip"))).toMatchObject({ coding: "gzip", etag: 'W/"v1"' });
  });

  it("in an answer for one client alone", async () => {
    const e = testEdge({ origin: origin(TEXT, { "cache-control": "private" }) });
    expect(await get(e, accepts("br"))).toMatchObject({ ...unchanged, etag: '"v1"' });
  });

  it("for a client that forbids it, or says nothing", async () => {
    const e = testEdge({ origin: page });
    for (const init of [undefined, accepts("br", { "cache-control": "no-transform" }), accepts("br;q=0")])
      for (let i = 0; i < 2; i++)
        expect(await get(e, init)).toMatchObject({ coding: null, etag: '"v1"', vary: "accept-encoding" });
    expect(e.encoded).toEqual([]);
  });

  it("if encoding makes it no smaller, which is tried once", async () => {
    const e = testEdge({ origin: () => answer(noise(5000), CACHED) });
    await get(e);
    for (let i = 0; i < 3; i++) {
      const got = await get(e, accepts("br"));
      // the tag is weak all the same: it must not depend on what came out
      expect(got).toMatchObject({ coding: null, length: "5000", etag: 'W/"v1"', vary: "accept-encoding" });
      expect(got.bytes).toEqual(noise(5000));
    }
    expect(e.encoded).toEqual(["br"]);
  });

  it("on hits of a body too large for memory", async () => {
    const large = TEXT.repeat(20);
    const memory = { bytes: 2 ** 20, bodyBytes: large.length - 1 };
    const known = { "content-length": String(large.length) };
    for (const [fields, first] of [
      [known, { coding: null, etag: '"v1"', vary: null }],
      [{}, { coding: "br", etag: 'W/"v1"', vary: "accept-encoding" }],
    ] as const) {
      const e = testEdge({ memory, lower: [mapTier("colo", memory.bodyBytes)], origin: origin(large, fields) });
      const miss = await get(e, accepts("br"));
      expect(miss).toMatchObject({ cache: "MISS", ...first });
      expect(await plainOf(miss)).toBe(large);
      const hit = await get(e, accepts("br"));
      expect(hit).toMatchObject({ cache: "HIT", coding: null, etag: '"v1"', vary: first.vary });
    }
  });

  it("but not the origin's error page, which is encoded as any page", async () => {
    const e = testEdge({ origin: () => answer(TEXT, CACHED, 404) });
    for (let i = 0; i < 2; i++) {
      const got = await get(e, accepts("gzip"));
      expect([got.status, got.coding, await plainOf(got)]).toEqual([404, "gzip", TEXT]);
    }
  });
});

describe("Vary", () => {
  it.each([
    ["the origin's own fields stay", "X-Own", "X-Own, accept-encoding"],
    [
      "Accept-Encoding is named once, even if the origin names it, too",
      "Accept-Encoding, X-Own",
      "Accept-Encoding, X-Own",
    ],
  ])("%s", async (_, vary, merged) => {
    const e = testEdge({ origin: () => answer(TEXT, { ...CACHED, vary }) });
    for (let i = 0; i < 2; i++) expect((await get(e, accepts("br"))).vary).toBe(merged);
    expect((await get(e, accepts("br", { "if-none-match": '"v1"' }))).vary).toBe(merged);
  });
});

describe("a body that breaks off", () => {
  it("breaks off for the client, and no form of it is stored", async () => {
    const e = testEdge({
      origin: () =>
        answer(
          new ReadableStream({
            start(controller) {
              controller.enqueue(bytesOf(TEXT));
            },
            pull() {
              throw new Error("cut");
            },
          }),
          CACHED,
        ),
    });
    const response = await e.get("/a", accepts("br"));
    await expect(response.arrayBuffer()).rejects.toThrow();
    await e.idle();
    expect(e.memory.usedBytes).toBe(0);
  });
});
