// Proves media files as served: every range is the slice of the whole, conditions, and that a recording is never made whole.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { knownMethodsOnly } from "../../../origin-mock/http/problem.ts";
import { mediaRoutes } from "../../../origin-mock/routes/media.ts";
import { createLibrary } from "../../../origin-mock/media/library.ts";
import { RAIN } from "../../../origin-mock/media/rain.ts";

const library = createLibrary(["bath", "pets"]);
const app = new Hono();
app.use(knownMethodsOnly(app)).route("/media", mediaRoutes(library));
const get = async (name: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
  app.request(`/media/${name}`, { method, headers });
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

test("a picture: public for a day, with its tags, and another for each department", async () => {
  const response = await get("bath.svg");
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "cache-control": "public, max-age=86400",
    "cache-tag": "media,media:bath.svg",
    "content-type": "image/svg+xml",
    "accept-ranges": "bytes",
    "last-modified": "Tue, 01 Sep 2026 08:00:00 GMT",
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
  });
  expect(response.headers.get("vary")).toBeNull();
  const body = await bytesOf(response);
  expect(body.toString()).toMatch(/^<svg .*<\/svg>\n$/);
  expect(response.headers.get("content-length")).toBe(String(body.length));
  expect(await bytesOf(await get("pets.svg"))).not.toEqual(body);
});

test("the recording is what its tag says: other bytes need another tag", async () => {
  const whole = await bytesOf(await get("rain.wav"));
  expect(whole.length).toBe(5_292_044);
  expect([whole.toString("latin1", 0, 4), whole.readUInt32LE(4), whole.readUInt32LE(40)]).toEqual([
    "RIFF",
    whole.length - 8,
    whole.length - 44,
  ]);
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 16);
  expect([RAIN.etag, digest]).toEqual(['"rain-1"', "ee90ddcf50f5e901"]);
});

describe("ranges", () => {
  test("any range is the slice of the whole", async () => {
    const whole = RAIN.read(0, RAIN.sizeBytes);
    const place = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: RAIN.sizeBytes - 1 }));
    const length = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 200_000 }));
    await fc.assert(
      fc.asyncProperty(place, length, async (first, count) => {
        const response = await get("rain.wav", { Range: `bytes=${first}-${first + count - 1}` });
        const last = Math.min(first + count, RAIN.sizeBytes) - 1;
        expect(response.status).toBe(206);
        expect(response.headers.get("content-range")).toBe(`bytes ${first}-${last}/${RAIN.sizeBytes}`);
        expect(response.headers.get("content-length")).toBe(String(last - first + 1));
        expect((await bytesOf(response)).equals(whole.subarray(first, last + 1))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("the parts of a file, put together, are the file", async () => {
    const whole = await bytesOf(await get("bath.svg"));
    const parts = await Promise.all(
      ["bytes=0-99", "bytes=100-199", "bytes=200-"].map((Range) => get("bath.svg", { Range })),
    );
    expect(Buffer.concat(await Promise.all(parts.map(bytesOf)))).toEqual(whole);
    expect((await bytesOf(await get("bath.svg", { Range: "bytes=-7" }))).toString()).toBe("</svg>\n");
  });

  test("past the end: 416, which says how long it is, and is kept by nobody", async () => {
    const response = await get("rain.wav", { Range: "bytes=5292044-" });
    expect(response.status).toBe(416);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-range": "bytes */5292044",
      "cache-control": "no-store",
      "content-type": "application/problem+json",
    });
  });

  test("a part carries what a cache needs to keep it", async () => {
    const [whole, part] = [await get("bath.svg"), await get("bath.svg", { Range: "bytes=0-0" })];
    for (const name of ["etag", "last-modified", "cache-control", "cache-tag", "content-type"]) {
      expect(part.headers.get(name)).toBe(whole.headers.get(name));
    }
  });

  test("If-Range with an old tag gives the whole, If-None-Match with the current one gives 304 before any range", async () => {
    const etag = library.get("bath.svg")?.etag ?? "none";
    const range = { Range: "bytes=0-0" };
    expect((await get("bath.svg", { ...range, "If-Range": '"old"' })).status).toBe(200);
    expect((await get("bath.svg", { ...range, "If-Range": etag })).status).toBe(206);
    expect((await get("bath.svg", { ...range, "If-None-Match": etag })).status).toBe(304);
    expect((await get("bath.svg", { ...range, "If-Match": '"old"' })).status).toBe(412);
  });
});

test("HEAD has no range and no body, and says the length of the whole", async () => {
  const response = await get("rain.wav", { Range: "bytes=0-0" }, "HEAD");
  expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([
    200,
    "5292044",
    "",
  ]);
});

test("a recording is made as it is read, and no further", async () => {
  let made = 0;
  const counting = { ...RAIN, read: (from: number, to: number) => ((made += to - from), RAIN.read(from, to)) };
  const counted = new Hono().route("/media", mediaRoutes(new Map([["rain.wav", counting]])));
  const response = await counted.request("/media/rain.wav");
  const reader = response.body?.getReader();
  expect(made).toBe(0);
  await reader?.read();
  expect(made).toBe(64 * 1024);
  await reader?.cancel();
  expect(made).toBe(64 * 1024);
});

test("what is not there is 404, kept by nobody; other methods are not allowed", async () => {
  for (const name of ["none.svg", "..%2frain.ts", "__proto__"]) {
    const response = await get(name);
    expect([response.status, response.headers.get("cache-control")]).toEqual([404, "no-store"]);
  }
  const response = await get("bath.svg", {}, "POST");
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});
