// Owns the proof of bodies that keep their coding: unknown codings, compressed files, parts, no-transform, unstorable answers.
import { describe, expect, it } from "vitest";
import { answer, inTurn, type Origin, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesIn, encoded, getIdle, received } from "../../support/encoded-bodies.ts";

const PLAIN = "hello hello hello";
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };
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
