// Owns the proof that what a client is told of a body's coding is true of the bytes it gets (RFC 9110 8.4, 8.8.1). Real codings on a
// real wire are proved in test/e2e/codings.test.ts: here a body arrives as the runtime hands it over, decoded under its old header.
import { describe, expect, it } from "vitest";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { ranged } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";

const PLAIN = "hello hello hello";
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };
/** What the origin says of the encoded bytes. */
const encoded = (coding: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...CACHED,
  "content-encoding": coding,
  "content-length": "9",
  "content-md5": "x",
  ...more,
});

/** What a client is told of the bytes, and the bytes. */
async function told(response: Response): Promise<readonly (string | null | number)[]> {
  const { status, headers } = response;
  const names = ["content-encoding", "content-length", "etag"];
  return [status, ...names.map((name) => headers.get(name)), await response.text()];
}

async function getIdle(e: TestEdge, init?: RequestInit): Promise<Response> {
  const response = await e.get("/a", init);
  const bytes = await response.arrayBuffer();
  const copy = new Response(bytes.byteLength === 0 ? null : bytes, response);
  await e.idle();
  return copy;
}

describe.each(["gzip", "br"])("a body that comes in %s although identity was asked for", (coding) => {
  const origin: Origin = (request) =>
    request.headers.get("if-none-match") === '"v1"' ? answer(null, CACHED, 304) : answer(PLAIN, encoded(coding));

  it("reaches clients as the plain bytes it was decoded to", async () => {
    const e = testEdge({ origin });
    expect(await told(await getIdle(e))).toEqual([200, null, null, 'W/"v1"', PLAIN]);
    const hit = await getIdle(e);
    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect(hit.headers.get("content-md5")).toBeNull();
    expect(await told(hit)).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
    expect(e.asked[0]?.headers.get("accept-encoding")).toBe("identity");
    expect(e.asked).toHaveLength(1);
  });

  it("has a length in answers to HEAD, which is the plain one", async () => {
    const e = testEdge({ origin });
    await getIdle(e);
    expect(await told(await getIdle(e, { method: "HEAD" }))).toEqual([200, null, "17", 'W/"v1"', ""]);
  });

  it.each(['W/"v1"', '"v1"', '"v0", W/"v1"'])("is known to a client that has %s", async (tag) => {
    const e = testEdge({ origin });
    for (const cache of ["MISS", "HIT"]) {
      const response = await getIdle(e, { headers: { "if-none-match": tag } });
      expect([response.headers.get("x-cache"), ...(await told(response))]).toEqual([
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
      e.clock.advance(61);
      const response = await getIdle(e);
      expect(response.headers.get("x-cache")).toBe("REVALIDATED");
      expect(await told(response)).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
      expect(e.asked[turn]?.headers.get("if-none-match")).toBe('"v1"');
      expect(await told(await getIdle(e))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
    }
  });

  it("gives no part to who wants one of exactly these bytes", async () => {
    const e = testEdge({ origin });
    for (const tag of ['"v1"', 'W/"v1"'])
      for (let i = 0; i < 2; i++)
        expect((await getIdle(e, ranged("bytes=0-4", { "if-range": tag }))).status, tag).toBe(200);
  });

  it("gives parts of the plain bytes, once they are stored", async () => {
    const e = testEdge({ origin });
    const first = await getIdle(e, ranged("bytes=6-10"));
    expect(await told(first)).toEqual([200, null, null, 'W/"v1"', PLAIN]);
    const second = await getIdle(e, ranged("bytes=6-10"));
    expect(second.headers.get("content-range")).toBe("bytes 6-10/17");
    expect(await told(second)).toEqual([206, null, "5", 'W/"v1"', "hello"]);
  });

  it("travels through the colo as the plain bytes", async () => {
    const colo = mapTier("colo");
    const first = testEdge({ lower: [colo], origin });
    await getIdle(first);
    const second = testEdge({ lower: [colo], log: first.log, origin });
    for (let i = 0; i < 2; i++) expect(await told(await getIdle(second))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
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
    const [status, contentEncoding, , etag, text] = await told(hit);
    expect([status, contentEncoding, etag, text]).toEqual([200, null, 'W/"v1"', PLAIN]);
  });

  it("gets a tag made from the plain bytes, where it has none", async () => {
    const { etag: _, ...untagged } = encoded(coding);
    const e = testEdge({ origin: () => answer(PLAIN, untagged) });
    await getIdle(e);
    expect((await getIdle(e)).headers.get("etag")).toMatch(/^"strata-[0-9a-f]{16}"$/);
  });

  it("is described by HEAD as GET would (RFC 9110 9.3.2)", async () => {
    const e = testEdge({ origin: ({ method }) => answer(method === "HEAD" ? null : PLAIN, encoded(coding)) });
    for (const seconds of [0, 61]) {
      e.clock.advance(seconds);
      const [status, contentEncoding, length, etag] = await told(await getIdle(e, { method: "HEAD" }));
      expect([status, contentEncoding, etag]).toEqual([200, null, 'W/"v1"']);
      expect(length).not.toBe("9");
      await getIdle(e);
    }
  });

  it("is confirmed by a HEAD whose length is that of the encoded bytes", async () => {
    const e = testEdge({ origin });
    await getIdle(e);
    e.clock.advance(61);
    e.origin = () => answer(null, encoded(coding));
    await getIdle(e, { method: "HEAD" });
    expect(await told(await getIdle(e))).toEqual([200, null, "17", 'W/"v1"', PLAIN]);
    expect(e.asked).toHaveLength(2);
  });
});

describe("a coding that is not undone", () => {
  it.each(["zstd", "deflate", "GZIP", "x-gzip", "gzip, br", "identity", "aes128gcm"])(
    "%s is kept as it came",
    async (coding) => {
      const e = testEdge({ origin: () => answer("\u0001\u0002\u0003", { ...encoded(coding), "content-length": "3" }) });
      for (const cache of ["MISS", "HIT"]) {
        const response = await getIdle(e);
        expect(response.headers.get("x-cache")).toBe(cache);
        expect(await told(response)).toEqual([200, coding, "3", '"v1"', "\u0001\u0002\u0003"]);
      }
      expect((await getIdle(e, { headers: { "if-none-match": '"v1"' } })).status).toBe(304);
      const slice = await getIdle(e, ranged("bytes=1-1", { "if-range": '"v1"' }));
      expect(await told(slice)).toEqual([206, coding, "1", '"v1"', "\u0002"]);
    },
  );

  it("is not undone by a 304 that names another", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer(PLAIN, CACHED),
        () => answer(null, encoded("gzip"), 304),
      ),
    });
    await getIdle(e);
    e.clock.advance(61);
    for (let i = 0; i < 2; i++) expect(await told(await getIdle(e))).toEqual([200, null, "17", '"v1"', PLAIN]);
  });
});

describe("a part of an encoded body", () => {
  it.each(["gzip", "br", "zstd"])("in %s is delivered as it came, and not stored", async (coding) => {
    const part = { ...encoded(coding), "content-range": "bytes 2-4/9", "content-length": "3" };
    const e = testEdge({ origin: () => answer("abc", part, 206) });
    const response = await getIdle(e, ranged("bytes=-7"));
    expect(response.headers.get("content-range")).toBe("bytes 2-4/9");
    expect(response.headers.get("cache-status")).toContain("content-encoding");
    expect(await told(response)).toEqual([206, coding, "3", '"v1"', "abc"]);
    expect(e.memory.usedBytes).toBe(0);
  });
});

describe("a rule that declares codings", () => {
  const site = { rules: [{ match: "/*", vary: { encodings: ["br", "gzip"] as const } }] };
  /** Answers in the coding it is asked for, as the runtime hands it over. */
  const obedient: Origin = (request) => {
    const coding = request.headers.get("accept-encoding") ?? "none";
    const own = { ...CACHED, etag: `"${coding}"` };
    return coding === "identity"
      ? answer(PLAIN, { ...own, "content-length": "17" })
      : answer(PLAIN, { ...own, "content-encoding": coding, "content-length": "9" });
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
  ])("asks the origin for what %j comes to: %s", async (value, coding) => {
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
    expect(await told(await getIdle(e))).toEqual([200, null, "17", '"identity"', PLAIN]);
    expect(e.asked[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  it("keeps one variant for each, with a weakened tag and no length where the edge encodes again", async () => {
    const e = testEdge({ site, origin: obedient });
    for (let i = 0; i < 2; i++) {
      expect(await told(await getIdle(e, accepts("br")))).toEqual([200, "br", null, 'W/"br"', PLAIN]);
      expect(await told(await getIdle(e, accepts("gzip")))).toEqual([200, "gzip", null, 'W/"gzip"', PLAIN]);
      expect(await told(await getIdle(e, accepts("identity")))).toEqual([200, null, "17", '"identity"', PLAIN]);
    }
    expect(e.asked).toHaveLength(3);
  });

  it("validates each with its own tag, in its own coding", async () => {
    const e = testEdge({ site, origin: obedient });
    for (const coding of ["br", "gzip"]) await getIdle(e, accepts(coding));
    e.clock.advance(61);
    e.origin = (request) => answer(null, { ...CACHED, etag: request.headers.get("if-none-match") ?? "none" }, 304);
    for (const coding of ["br", "gzip"]) {
      for (const cache of ["REVALIDATED", "HIT"]) {
        const response = await getIdle(e, accepts(coding));
        expect(response.headers.get("x-cache")).toBe(cache);
        expect(await told(response)).toEqual([200, coding, null, `W/"${coding}"`, PLAIN]);
      }
      const { headers } = e.asked.at(-1) ?? new Request("http://none");
      expect([headers.get("accept-encoding"), headers.get("if-none-match")]).toEqual([coding, `"${coding}"`]);
    }
  });

  it("cuts nothing out of what is encoded again on its way out", async () => {
    const e = testEdge({ site, origin: obedient });
    for (let i = 0; i < 2; i++)
      expect(await told(await getIdle(e, ranged("bytes=0-4", { "accept-encoding": "br" })))).toEqual([
        200,
        "br",
        null,
        'W/"br"',
        PLAIN,
      ]);
    for (let i = 0; i < 2; i++)
      expect((await getIdle(e, ranged("bytes=0-4", { "accept-encoding": "identity" }))).status).toBe(206);
  });

  it("does not give a coding to a client that accepts none, whatever the origin does", async () => {
    const e = testEdge({ site, origin: () => answer(PLAIN, encoded("gzip")) });
    for (let i = 0; i < 2; i++)
      expect((await getIdle(e, accepts("identity"))).headers.get("content-encoding")).toBeNull();
  });
});
