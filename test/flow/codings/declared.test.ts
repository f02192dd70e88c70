// Owns the proof that a rule's declared codings are requested from the origin, and stored as one variant each.
import { describe, expect, it } from "vitest";
import { answer, type Origin, testEdge } from "../../support/edge.ts";
import { ranged } from "../../support/ranged.ts";
import { bytesIn, encoded, getIdle, received } from "../../support/encoded-bodies.ts";

const PLAIN = "hello hello hello";
const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };
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
