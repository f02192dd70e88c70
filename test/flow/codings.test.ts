// Owns the proof that the fields about a body's coding are true of the bytes that the client gets (RFC 9110 8.4, 8.8.1): codings that a fill decodes,
// and what stays as it came. The same on a real wire: test/e2e/codings.full.test.ts.
import { describe, expect, it } from "vitest";
import { zlibCodings } from "../../src/codings/zlib.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { ranged } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, noise } from "../support/stored.ts";

const PLAIN = "hello hello hello";
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };
/** The origin's fields about the encoded bytes. */
const encoded = (coding: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...CACHED,
  "content-encoding": coding,
  "content-length": "9",
  "content-md5": "x",
  ...more,
});

/** The bytes that PLAIN makes in a coding, under any of its names; as they are for others. */
function bytesIn(coding: string, plain = bytesOf(PLAIN)): Uint8Array<ArrayBuffer> {
  const name = coding.toLowerCase().replace("x-gzip", "gzip");
  return name === "gzip" || name === "br" || name === "zstd" ? zlibCodings.encode(plain, name) : plain;
}

/** The fields a client gets about the bytes, and the bytes: as text if plain, else whether they are in that coding. */
async function received(response: Response): Promise<readonly (string | null | number)[]> {
  const { status, headers } = response;
  const names = ["content-encoding", "content-length", "etag"];
  const [coding = null, length = null, etag = null] = names.map((name) => headers.get(name));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const expected = coding === null ? undefined : bytesIn(coding);
  const isCoded = expected?.length === bytes.length && expected.every((byte, index) => byte === bytes[index]);
  return [status, coding, length, etag, isCoded ? `PLAIN in ${String(coding)}` : new TextDecoder().decode(bytes)];
}

async function getIdle(e: TestEdge, init?: RequestInit): Promise<Response> {
  const response = await e.get("/a", init);
  const bytes = await response.arrayBuffer();
  const { status, headers } = response;
  const copy = new Response(bytes.byteLength === 0 ? null : bytes, { status, headers, encodeBody: "manual" });
  await e.idle();
  return copy;
}

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

describe("a coding that the edge does not decode", () => {
  it.each(["deflate", "gzip, br", "gzip, gzip", "identity", "aes128gcm", ""])(
    "%j is stored as it came",
    async (coding) => {
      const e = testEdge({ origin: () => answer("\u0001\u0002\u0003", { ...encoded(coding), "content-length": "3" }) });
      for (const cache of ["MISS", "HIT"]) {
        const response = await getIdle(e);
        expect(response.headers.get("x-cache")).toBe(cache);
        expect(await received(response)).toEqual([200, coding, "3", '"v1"', "\u0001\u0002\u0003"]);
      }
      expect((await getIdle(e, { headers: { "if-none-match": '"v1"' } })).status).toBe(304);
      const slice = await getIdle(e, ranged("bytes=1-1", { "if-range": '"v1"' }));
      expect(await received(slice)).toEqual([206, coding, "1", '"v1"', "\u0002"]);
    },
  );

  it("stays encoded after a 304 that names another coding", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer(PLAIN, CACHED),
        () => answer(null, encoded("gzip"), 304),
      ),
    });
    await getIdle(e);
    e.passes(61);
    for (let i = 0; i < 2; i++) expect(await received(await getIdle(e))).toEqual([200, null, "17", '"v1"', PLAIN]);
  });
});

describe("a compressed file whose coding is called a content coding", () => {
  it.each<[string, string, string, string, Record<string, string>]>([
    ["a name", "/a.gz", "gzip", "text/plain", {}],
    ["a name in capitals", "/a.TAR.GZ", "gzip", "application/x-tar", {}],
    ["a name with a query", "/a.tgz?b=1", "x-gzip", "application/octet-stream", {}],
    ["a name with parameters", "/a.tar.gz;v=2", "gzip", "application/octet-stream", {}],
    ["a picture that browsers decode", "/a.svgz", "gzip", "image/svg+xml", {}],
    ["a type", "/download", "gzip", "application/gzip", {}],
    ["another type", "/download", "gzip", "Application/X-GZIP; charset=binary", {}],
    ["an archive's type", "/download", "gzip", "application/x-gtar-compressed", {}],
    [
      "the name to save it under",
      "/d",
      "gzip",
      "x/y",
      { "content-disposition": 'attachment; filename="dump 1.sql.gz"' },
    ],
    ["brotli", "/a.br", "br", "application/octet-stream", {}],
    ["zstd", "/a.tar.zst", "zstd", "application/octet-stream", {}],
    ["zstd by its type", "/a", "zstd", "application/zstd", {}],
  ])("keeps its bytes and its fields, for every client: %s", async (_, path, coding, type, more) => {
    const came = bytesIn(coding);
    const fields = { ...encoded(coding, more), "content-type": type, "content-length": String(came.length) };
    const site = { rules: [{ match: "/*", guard: false }] };
    const e = testEdge({ site, origin: () => answer(came, fields) });
    for (const cache of ["MISS", "HIT"]) {
      for (const accepted of ["br", "gzip, zstd", "identity", undefined]) {
        const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
        const response = await e.get(path, { headers });
        if (accepted === "br") expect(response.headers.get("x-cache")).toBe(cache);
        expect([response.headers.get("vary"), response.headers.get("content-md5")]).toEqual([null, "x"]);
        expect(await received(response)).toEqual([200, coding, String(came.length), '"v1"', `PLAIN in ${coding}`]);
        await e.idle();
      }
    }
    const slice = await e.get(path, ranged("bytes=1-3", { "if-range": '"v1"' }));
    expect(new Uint8Array(await slice.arrayBuffer())).toEqual(came.slice(1, 4));
    expect((await e.get(path, { method: "HEAD" })).headers.get("content-encoding")).toBe(coding);
    expect([e.asked.length, e.encoded]).toEqual([1, []]);
  });

  it.each([
    ["another coding than the name's", "/a.gz", "br", "text/plain"],
    ["another than the type's", "/a", "br", "application/gzip"],
    ["a name inside the path", "/a.gz/b", "gzip", "text/plain"],
    ["a name inside the name", "/a.gz.html", "gzip", "text/plain"],
    ["tiles", "/1/2/3.pbf", "gzip", "application/x-protobuf"],
    ["a type that only begins so", "/a", "gzip", "application/gzipped-not"],
  ])("counts as a content coding, and is decoded: %s", async (_, path, coding, type) => {
    const e = testEdge({
      site: { rules: [{ match: "/*", guard: false }] },
      origin: () => answer(bytesIn(coding), { ...encoded(coding), "content-type": type }),
    });
    for (let i = 0; i < 2; i++) {
      const { response, text } = await e.text(path);
      expect([response.headers.get("content-encoding"), text]).toEqual([null, PLAIN]);
    }
    expect(e.asked).toHaveLength(1);
  });

  it("travels through the colo as it came, and is confirmed by the origin's own tag", async () => {
    const colo = mapTier("colo");
    const fields = {
      ...encoded("gzip"),
      "content-type": "application/gzip",
      "content-length": String(bytesIn("gzip").length),
    };
    const origin: Origin = (request) =>
      request.headers.get("if-none-match") === '"v1"' ? answer(null, CACHED, 304) : answer(bytesIn("gzip"), fields);
    const first = testEdge({ lower: [colo], origin });
    await getIdle(first);
    const second = testEdge({ lower: [colo], log: first.log, origin });
    for (const seconds of [0, 61]) {
      second.clock.advance(seconds);
      const [status, coding, , etag, body] = await received(await getIdle(second));
      expect([status, coding, etag, body]).toEqual([200, "gzip", '"v1"', "PLAIN in gzip"]);
    }
    expect(second.asked).toHaveLength(1);
  });
});

describe("a part of an encoded body", () => {
  it.each(["gzip", "br", "zstd"])("in %s is delivered as it came, and not stored", async (coding) => {
    const part = { ...encoded(coding), "content-range": "bytes 2-4/9", "content-length": "3" };
    const e = testEdge({ origin: () => answer("abc", part, 206) });
    const response = await getIdle(e, ranged("bytes=-7"));
    expect(response.headers.get("content-range")).toBe("bytes 2-4/9");
    expect(response.headers.get("cache-status")).toContain("content-encoding");
    expect(await received(response)).toEqual([206, coding, "3", '"v1"', "abc"]);
    expect(e.memory.usedBytes).toBe(0);
  });
});

describe("a rule that declares codings", () => {
  const site = { rules: [{ match: "/*", vary: { encodings: ["br", "gzip"] as const } }] };
  /** Answers in the coding it is asked for. */
  const obedient: Origin = (request) => {
    const coding = request.headers.get("accept-encoding") ?? "none";
    const own = { ...CACHED, etag: `"${coding}"`, "content-length": String(bytesIn(coding).length) };
    return answer(bytesIn(coding), coding === "identity" ? own : { ...own, "content-encoding": coding });
  };
  const whole = (coding: string): readonly (string | number | null)[] => {
    const length = String(bytesIn(coding).length);
    return coding === "identity"
      ? [200, null, length, '"identity"', PLAIN]
      : [200, coding, length, `"${coding}"`, `PLAIN in ${coding}`];
  };
  const accepts = (value: string): RequestInit => ({ headers: { "accept-encoding": value } });

  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["br;q=0.5, gzip", "gzip"],
    ["*", "br"],
    ["identity", "identity"],
    ["gzip;q=0", "identity"],
    ["zstd", "identity"],
    ["", "identity"],
  ])("reduces %j to %s for the origin", async (value, coding) => {
    const e = testEdge({ site, origin: obedient });
    await getIdle(e, accepts(value));
    expect(e.asked[0]?.headers.get("accept-encoding")).toBe(coding);
    const hit = await getIdle(e, accepts(coding));
    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect(hit.headers.get("content-encoding")).toBe(coding === "identity" ? null : coding);
    expect(hit.headers.get("vary")).toBe("accept-encoding");
  });

  it("asks for identity where the client says nothing", async () => {
    const e = testEdge({ site, origin: obedient });
    expect(await received(await getIdle(e))).toEqual([200, null, "17", '"identity"', PLAIN]);
    expect(e.asked[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  it("stores one variant for each coding, as it came", async () => {
    const e = testEdge({ site, origin: obedient });
    for (let i = 0; i < 2; i++)
      for (const coding of ["br", "gzip", "identity"])
        expect(await received(await getIdle(e, accepts(coding)))).toEqual(whole(coding));
    expect(e.asked).toHaveLength(3);
    expect(e.encoded).toEqual([]);
  });

  it("validates each with its own tag, in its own coding", async () => {
    const e = testEdge({ site, origin: obedient });
    for (const coding of ["br", "gzip"]) await getIdle(e, accepts(coding));
    e.passes(61);
    e.origin = (request) => answer(null, { ...CACHED, etag: request.headers.get("if-none-match") ?? "none" }, 304);
    for (const coding of ["br", "gzip"]) {
      for (const cache of ["REVALIDATED", "HIT"]) {
        const response = await getIdle(e, accepts(coding));
        expect(response.headers.get("x-cache")).toBe(cache);
        expect(await received(response)).toEqual(whole(coding));
      }
      const { headers } = e.asked.at(-1) ?? new Request("http://none");
      expect([headers.get("accept-encoding"), headers.get("if-none-match")]).toEqual([coding, `"${coding}"`]);
    }
  });

  it("cuts a range out of the bytes of the coding (RFC 9110 14.2)", async () => {
    const e = testEdge({ site, origin: obedient });
    const bytes = bytesIn("br");
    for (let i = 0; i < 2; i++) {
      const response = await getIdle(e, ranged("bytes=1-3", { "accept-encoding": "br", "if-range": '"br"' }));
      const { status, headers } = response;
      expect([status, headers.get("content-encoding"), headers.get("content-range")]).toEqual([
        206,
        "br",
        `bytes 1-3/${String(bytes.length)}`,
      ]);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(1, 4));
    }
  });

  it("answers HEAD as GET, from the origin and from the store", async () => {
    const e = testEdge({ site, origin: obedient });
    const head = { method: "HEAD", headers: { "accept-encoding": "gzip" } };
    const fields = [200, "gzip", String(bytesIn("gzip").length), '"gzip"'];
    expect((await received(await getIdle(e, head))).slice(0, 4)).toEqual(fields);
    await getIdle(e, accepts("gzip"));
    const hit = await getIdle(e, head);
    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect((await received(hit)).slice(0, 4)).toEqual(fields);
  });

  it("decodes a coding that the edge did not request", async () => {
    for (const [accepted, coding] of [
      ["identity", "gzip"],
      ["gzip", "br"],
    ] as const) {
      const rule = { match: "/*", vary: { encodings: ["br", "gzip"] as const }, compress: false as const };
      const e = testEdge({ site: { rules: [rule] }, origin: () => answer(bytesIn(coding), encoded(coding)) });
      for (let i = 0; i < 2; i++) {
        const response = await getIdle(e, accepts(accepted));
        expect(response.headers.get("content-encoding"), accepted).toBeNull();
        expect(await response.text()).toBe(PLAIN);
      }
    }
  });
});

describe("no-transform", () => {
  it.each(["max-age=60, no-transform", "max-age=60,NO-TRANSFORM"])(
    "in %j: stored and sent as it came, to all",
    async (said) => {
      const fields = { ...encoded("gzip"), "cache-control": said, "content-length": String(bytesIn("gzip").length) };
      const e = testEdge({ origin: () => answer(bytesIn("gzip"), fields) });
      for (const accepted of ["br", "gzip", "identity"]) {
        const response = await getIdle(e, { headers: { "accept-encoding": accepted } });
        expect([response.headers.get("vary"), response.headers.get("content-md5")]).toEqual([null, "x"]);
        expect(await received(response)).toEqual([200, "gzip", fields["content-length"], '"v1"', "PLAIN in gzip"]);
      }
      expect(e.asked).toHaveLength(1);
    },
  );

  it("holds although a targeted field lacks it", async () => {
    const fields = { ...encoded("br"), "cache-control": "no-transform", "cdn-cache-control": "max-age=60" };
    const e = testEdge({ origin: () => answer(bytesIn("br"), { ...fields, "content-length": "" }) });
    for (let i = 0; i < 2; i++) expect((await received(await getIdle(e)))[4]).toBe("PLAIN in br");
  });

  it("stays as it is under a 304 that no longer says so", async () => {
    const length = String(bytesIn("gzip").length);
    const fields = { ...encoded("gzip"), "cache-control": "max-age=60, no-transform", "content-length": length };
    const e = testEdge({
      origin: inTurn(
        () => answer(bytesIn("gzip"), fields),
        () => answer(null, CACHED, 304),
      ),
    });
    await getIdle(e);
    e.passes(61);
    for (let i = 0; i < 2; i++)
      expect(await received(await getIdle(e))).toEqual([200, "gzip", length, '"v1"', "PLAIN in gzip"]);
    expect(e.asked).toHaveLength(2);
  });
});

describe("a body that may not be stored", () => {
  it.each(["gzip", "br", "zstd", "deflate"])("in %s leaves as it came, cut or whole", async (coding) => {
    const bytes = bytesIn(coding);
    const fields = { ...encoded(coding), "cache-control": "no-store", "content-length": String(bytes.length) };
    const e = testEdge({ origin: ({ method }) => answer(method === "HEAD" ? null : bytes, fields) });
    const expected = [200, coding, String(bytes.length), '"v1"', `PLAIN in ${coding}`];
    expect(await received(await getIdle(e))).toEqual(expected);
    expect((await received(await getIdle(e, { method: "HEAD" }))).slice(0, 4)).toEqual(expected.slice(0, 4));
  });
});

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
