// Owns the proof that a fill decodes a coding which the edge did not request, and that fields and bytes agree (RFC 9110 8.4, 8.8.1).
// The same on a real wire: test/e2e/codings.full.test.ts.
import { describe, expect, it } from "vitest";
import { answer, type Origin, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { bytesIn, encoded, getIdle, received } from "../../support/encoded-bodies.ts";

const PLAIN = "hello hello hello";
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };
describe.each(["gzip", "br", "zstd", "x-gzip", "GZip", " gzip "])(
  "a body that comes in %j although identity was asked for",
  (coding) => {
    const came = bytesIn(coding.trim());
    const origin: Origin = (request) =>
      request.headers.get("if-none-match") === '"v1"' ? answer(null, CACHED, 304) : answer(came, encoded(coding));

    it("reaches clients as the plain bytes it was decoded to", async () => {
      const e = testEdge({ origin });
      expect(await received(await getIdle(e))).toEqual([200, null, null, 'W/"v1"', PLAIN]);
      const hit = await getIdle(e);
      expect(hit.headers.get("x-cache")).toBe("HIT");
      expect(hit.headers.get("content-md5")).toBeNull();
      expect(await received(hit)).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
      expect(e.asked[0]?.headers.get("accept-encoding")).toBe("identity");
      expect(e.asked).toHaveLength(1);
    });

    it("has the plain length in answers to HEAD", async () => {
      const e = testEdge({ origin });
      await getIdle(e);
      expect(await received(await getIdle(e, { method: "HEAD" }))).toEqual([200, null, "17", 'W/"v1"', ""]);
    });

    it.each(['W/"v1"', '"v1"', '"v0", W/"v1"'])("is known to a client that has %s", async (tag) => {
      const e = testEdge({ origin });
      for (const cache of ["MISS", "HIT"]) {
        const response = await getIdle(e, { headers: { "if-none-match": tag } });
        expect([response.headers.get("x-cache"), ...(await received(response))]).toEqual([
          cache,
          304,
          null,
          null,
          'W/"v1"',
          "",
        ]);
      }
    });

    it("is validated by the origin's own tag, and stays as it is", async () => {
      const e = testEdge({ origin });
      await getIdle(e);
      for (const turn of [1, 2]) {
        e.passes(61);
        const response = await getIdle(e);
        expect(response.headers.get("x-cache")).toBe("REVALIDATED");
        expect(await received(response)).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
        expect(e.asked[turn]?.headers.get("if-none-match")).toBe('"v1"');
        expect(await received(await getIdle(e))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
      }
    });

    it("gives no part to a client whose If-Range names exactly the encoded bytes", async () => {
      const e = testEdge({ origin });
      for (const tag of ['"v1"', 'W/"v1"'])
        for (let i = 0; i < 2; i++)
          expect((await getIdle(e, ranged("bytes=0-4", { "if-range": tag }))).status, tag).toBe(200);
    });

    it("gives parts of the plain bytes, once they are stored", async () => {
      const e = testEdge({ origin });
      const first = await getIdle(e, ranged("bytes=6-10"));
      expect(await received(first)).toEqual([200, null, null, 'W/"v1"', PLAIN]);
      const second = await getIdle(e, ranged("bytes=6-10"));
      expect(second.headers.get("content-range")).toBe("bytes 6-10/17");
      expect(await received(second)).toEqual([206, null, "5", 'W/"v1"', "hello"]);
    });

    it("travels through the colo as the plain bytes", async () => {
      const colo = mapTier("colo");
      const first = testEdge({ lower: [colo], origin });
      await getIdle(first);
      const second = testEdge({ lower: [colo], log: first.log, origin });
      for (let i = 0; i < 2; i++)
        expect(await received(await getIdle(second))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
      expect(second.asked).toHaveLength(0);
      second.clock.advance(61);
      await getIdle(second);
      expect(second.asked[0]?.headers.get("if-none-match")).toBe('"v1"');
    });

    it("that is large is streamed into the colo as the plain bytes", async () => {
      const e = testEdge({ lower: [mapTier("colo", 5)], memory: { bytes: 100_000, bodyBytes: 5 }, origin });
      await getIdle(e);
      const hit = await getIdle(e);
      expect(hit.headers.get("cache-status")).toContain("fresh/colo");
      const [status, contentEncoding, , etag, text] = await received(hit);
      expect([status, contentEncoding, etag, text]).toEqual([200, null, 'W/"v1"', PLAIN]);
    });

    it("gets a tag made from the plain bytes, where it has none", async () => {
      const { etag: _, ...untagged } = encoded(coding);
      const e = testEdge({ origin: () => answer(came, untagged) });
      await getIdle(e);
      expect((await getIdle(e)).headers.get("etag")).toMatch(/^"strata-[0-9a-f]{16}"$/);
    });

    it("is described by HEAD as GET would (RFC 9110 9.3.2)", async () => {
      const e = testEdge({ origin: ({ method }) => answer(method === "HEAD" ? null : came, encoded(coding)) });
      for (const seconds of [0, 61]) {
        e.passes(seconds);
        const [status, contentEncoding, length, etag] = await received(await getIdle(e, { method: "HEAD" }));
        expect([status, contentEncoding, etag]).toEqual([200, null, 'W/"v1"']);
        expect(length).not.toBe("9");
        await getIdle(e);
      }
    });

    it("is confirmed by a HEAD whose length is that of the encoded bytes", async () => {
      const e = testEdge({ origin });
      await getIdle(e);
      e.passes(61);
      e.origin = () => answer(null, encoded(coding));
      await getIdle(e, { method: "HEAD" });
      expect(await received(await getIdle(e))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
      expect(e.asked).toHaveLength(2);
    });
  },
);

describe("a body that is not in its declared coding", () => {
  const halved = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => bytes.slice(0, bytes.length >> 1);
  const text = bytesOf(Array.from({ length: 4000 }, (_, i) => (i * 2_654_435_761).toString(36)).join(" "));

  it.each(["gzip", "br", "zstd"])("in %s: delivered as far as it is sound, never stored", async (coding) => {
    for (const bytes of [noise(5000), halved(bytesIn(coding, text))]) {
      const { "content-length": _, ...fields } = encoded(coding);
      const e = testEdge({ origin: () => answer(bytes, fields) });
      const response = await e.get("/a");
      await expect(response.arrayBuffer()).rejects.toThrow();
      await e.idle();
      expect(e.memory.usedBytes).toBe(0);
    }
  });
});

describe("an empty body that calls itself encoded", () => {
  const clients: readonly (HeadersInit | undefined)[] = [undefined, { "accept-encoding": "gzip" }];

  it.each(["gzip", "br", "zstd"].flatMap((coding) => [200, 301, 404].map((status) => [coding, status] as const)))(
    "in %s, status %i, is delivered and stored as an empty body",
    async (coding, status) => {
      const { "content-length": _, ...unsized } = encoded(coding, { location: "/b" });
      for (const fields of [unsized, { ...unsized, "content-length": "0" }]) {
        for (const headers of clients) {
          const e = testEdge({ origin: () => answer(null, fields, status) });
          for (const cache of ["MISS", "HIT"]) {
            const response = await e.get("/a", headers && { headers });
            expect([response.status, response.headers.get("x-cache")]).toEqual([status, cache]);
            if (!response.headers.has("content-encoding")) expect(await response.text()).toBe("");
            else await response.arrayBuffer();
            await e.idle();
          }
        }
      }
    },
  );
});

describe("a body that grows much", () => {
  it.each(["gzip", "br", "zstd"])(
    "in %s reaches its client, however redundant, though no tier stores it",
    async (coding) => {
      const bytes = bytesIn(coding, new Uint8Array(32 * 2 ** 20));
      const { "content-length": _, ...fields } = encoded(coding);
      const e = testEdge({ origin: () => answer(bytes, fields) });
      const response = await e.get("/a");
      let length = 0;
      for await (const chunk of response.body ?? []) length += chunk.length;
      expect(length).toBe(32 * 2 ** 20);
      await e.idle();
      expect([e.memory.usedBytes, (await e.get("/a")).headers.get("x-cache")]).toEqual([0, "MISS"]);
    },
  );

  it.each(["gzip", "br", "zstd"])("in %s comes whole into the colo", async (coding) => {
    const plain = bytesOf(Array.from({ length: 100_000 }, (_, i) => `${String(i)} hello hello hello hello\n`).join(""));
    const { "content-length": _, ...fields } = encoded(coding);
    const e = testEdge({ lower: [mapTier("colo")], origin: () => answer(bytesIn(coding, plain), fields) });
    for (const cache of ["MISS", "HIT"]) {
      const response = await getIdle(e);
      expect([response.headers.get("x-cache"), response.headers.get("content-encoding")]).toEqual([cache, null]);
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect([bytes.length, bytes.every((byte, index) => byte === plain[index])]).toEqual([plain.length, true]);
    }
  });
});
