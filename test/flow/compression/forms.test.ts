// Owns the proof that each encoded form is made once, counted where it is stored, and dropped with a broken body.
import { describe, expect, it } from "vitest";
import { CONTENT_CODINGS } from "../../../src/http/select/coding.ts";
import { answer, inTurn, testEdge } from "../../support/edge.ts";
import { bytesOf } from "../../support/stored.ts";
import { TEXT, accepts, get, page, plainOf } from "../../support/compressed-page.ts";

const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/html" };
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
