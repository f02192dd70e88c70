// Owns the proof that bodies an origin encodes reach clients over a real wire as bytes that are what their header section says.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";

const PLAIN = Buffer.from("The same line, again and again.\n".repeat(200));
/** More than memory keeps, and hard to compress. */
const LARGE = Buffer.from(Array.from({ length: 170_000 }, (_, i) => (i * 2_654_435_761).toString(36)).join(""));

const ENCODED: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (body) => zstdCompressSync(body),
  // as the runtime compares codings, no coding of its own
  GZIP: (body) => gzipSync(body),
};

interface Got {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  /** As they came over the wire. */
  readonly bytes: Buffer;
}

let directory: string;
let origin: Server;
let edges: Edges;
let edge = "";
const asked: IncomingHttpHeaders[] = [];

/** /always/CODING/name encodes whatever is asked; /asked/name does as it is asked. */
const answerTo: RequestListener = (req, res) => {
  asked.push(req.headers);
  const [, mode = "", second = "", ...rest] = (req.url ?? "").split("/");
  const name = mode === "always" ? (rest[0] ?? "") : second;
  const wanted = req.headers["accept-encoding"] ?? "identity";
  const coding = mode === "always" ? second : wanted;
  // what calls itself encoded and is not
  const encode = name.startsWith("lying") ? (body: Buffer) => body : ENCODED[coding];
  const plain = name.startsWith("large") ? LARGE : PLAIN;
  const body = encode ? encode(plain) : plain;
  const cacheControl = name.startsWith("private") ? "no-store" : name.startsWith("short") ? "max-age=1" : "max-age=600";
  const etag = `"${name}-${coding}"`;
  const fields = {
    "cache-control": cacheControl,
    "content-type": "text/plain",
    etag,
    ...(encode ? { "content-encoding": coding } : {}),
  };
  if (req.headers["if-none-match"] === etag) res.writeHead(304, fields).end();
  else res.writeHead(200, { ...fields, "content-length": body.length }).end(req.method === "HEAD" ? undefined : body);
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-codings-"));
  const config = join(directory, "site.ts");
  await writeFile(
    config,
    `import { defineSite } from "strata";
     export default defineSite({ rules: [{ match: "/asked/*", vary: { encodings: ["br", "gzip"] } }] });`,
  );
  origin = createServer(answerTo);
  const port = await new Promise<number>((resolve) => {
    origin.listen(0, "127.0.0.1", () => {
      const address = origin.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  const log = (): void => undefined;
  edges = await startEdges({ count: 1, port: 0, origin: `http://127.0.0.1:${String(port)}`, config, token: "t", log });
  [edge = ""] = edges.urls;
}, 120_000);

afterAll(async () => {
  await edges.close();
  origin.closeAllConnections();
  origin.close();
  await rm(directory, { recursive: true, force: true });
});

/** The response as it comes over the wire: nothing is decoded. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const req = request(edge + path, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        resolve({ status: res.statusCode ?? 0, fields: res.headers, bytes: Buffer.concat(chunks) });
      });
    });
    req.on("error", reject);
    req.end();
  });
}

function decoded({ fields, bytes }: Got): Buffer {
  const coding = fields["content-encoding"];
  if (coding === undefined) return bytes;
  return coding === "br" ? brotliDecompressSync(bytes) : gunzipSync(bytes);
}

/** What the header section says of the length is true of the bytes on the wire. */
function expectHonest(got: Got): void {
  const { "content-length": length } = got.fields;
  if (length !== undefined) expect(Number(length)).toBe(got.bytes.length);
}

describe.each(["gzip", "br"])("what comes in %s although identity was asked for", (coding) => {
  const at = (name: string): string => `/always/${coding}/${name}`;
  const accepting: readonly Record<string, string>[] = [{}, { "accept-encoding": "gzip, br" }];

  it.each(accepting)("is plain to every client, from the origin and from the store: %j", async (headers) => {
    const path = at(`plain-${String(Object.keys(headers).length)}`);
    for (const cache of ["MISS", "HIT", "HIT"]) {
      const got = await get(path, headers);
      expect([got.status, got.fields["x-cache"], got.fields["content-encoding"]]).toEqual([200, cache, undefined]);
      expect(got.fields.etag).toMatch(/^W\//);
      expect(got.bytes.equals(PLAIN)).toBe(true);
      expectHonest(got);
    }
  });

  it("is known by its weakened tag, and validated by the origin's own", async () => {
    const path = at("short");
    const { fields } = await get(path);
    const conditional = { "if-none-match": fields.etag ?? "none" };
    const unchanged = await get(path, conditional);
    expect([unchanged.status, unchanged.fields.etag]).toEqual([304, fields.etag]);
    await expect.poll(async () => (await get(path)).fields["x-cache"], { timeout: 10_000 }).toBe("REVALIDATED");
    expect(asked.at(-1)?.["if-none-match"]).toBe(`"short-${coding}"`);
    const got = await get(path);
    expect(got.bytes.equals(PLAIN)).toBe(true);
    expectHonest(got);
  });

  it("is cut by its plain bytes, once it is stored", async () => {
    const path = at("cut");
    await get(path);
    const got = await get(path, { range: "bytes=4-7" });
    expect([got.status, got.bytes.toString(), got.fields["content-length"]]).toEqual([206, "same", "4"]);
    expect(got.fields["content-range"]).toBe(`bytes 4-7/${String(PLAIN.length)}`);
  });

  it("is plain also where it is too large for memory", async () => {
    const path = at("large");
    for (const cache of ["MISS", "HIT"]) {
      const got = await get(path, { "accept-encoding": "gzip" });
      expect([got.status, got.fields["x-cache"], got.fields["content-encoding"]]).toEqual([200, cache, undefined]);
      expect(got.bytes.equals(LARGE)).toBe(true);
      expectHonest(got);
    }
  });

  it("that may not be stored reaches the client as what it says it is", async () => {
    const got = await get(at("private"), { "accept-encoding": coding });
    expect(got.fields["cache-control"]).toBe("no-store");
    expect(decoded(got).equals(PLAIN)).toBe(true);
    expectHonest(got);
  });

  it("and is not what it says it is, is never stored", async () => {
    for (let i = 0; i < 2; i++) {
      const got = await get(at("lying")).catch(() => undefined);
      expect(got?.fields["x-cache"] ?? "MISS").toBe("MISS");
      expect(got?.bytes.equals(PLAIN) ?? false).toBe(false);
    }
  });

  it("by a POST reaches the client as what it says it is", async () => {
    const got = await get(at("posted"), { "accept-encoding": coding }, "POST");
    expect(decoded(got).equals(PLAIN)).toBe(true);
    expectHonest(got);
  });
});

describe.each(["zstd", "GZIP"])("what comes in %s, which nobody here undoes", (coding) => {
  it("is kept as it came", async () => {
    const bytes = ENCODED[coding]?.(PLAIN);
    for (const cache of ["MISS", "HIT"]) {
      const got = await get(`/always/${coding}/plain`);
      expect([got.fields["x-cache"], got.fields["content-encoding"]]).toEqual([cache, coding]);
      expect(got.fields.etag).toBe(`"plain-${coding}"`);
      expect(bytes && got.bytes.equals(bytes)).toBe(true);
      expectHonest(got);
    }
  });
});

describe("a rule that declares codings", () => {
  it.each([
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
    ["br;q=0.1, gzip;q=0.2", "gzip"],
    ["identity", undefined],
    [undefined, undefined],
  ])("to a client that accepts %j gives %s", async (accepted, coding) => {
    const headers: Record<string, string> = accepted === undefined ? {} : { "accept-encoding": accepted };
    const path = `/asked/${(accepted ?? "nothing").replaceAll(/\W/g, "-")}`;
    for (const cache of ["MISS", "HIT", "HIT"]) {
      const got = await get(path, headers);
      expect([got.fields["x-cache"], got.fields["content-encoding"]]).toEqual([cache, coding]);
      expect(got.fields.vary).toBe("accept-encoding");
      expect(decoded(got).equals(PLAIN)).toBe(true);
      if (coding !== undefined) expect(got.bytes.length).toBeLessThan(PLAIN.length);
      expectHonest(got);
    }
    expect(asked.at(-1)?.["accept-encoding"]).toBe(coding ?? "identity");
  });

  it("keeps a variant for each, and tells them apart by their tags", async () => {
    const tags = new Map<string, string | undefined>();
    for (const coding of ["br", "gzip", "identity"]) {
      const { fields } = await get("/asked/variants", { "accept-encoding": coding });
      tags.set(coding, fields.etag);
    }
    expect(new Set(tags.values()).size).toBe(3);
    for (const [coding, tag] of tags) {
      const headers = { "accept-encoding": coding, "if-none-match": tag ?? "none" };
      expect((await get("/asked/variants", headers)).status, coding).toBe(304);
    }
  });

  it("holds for what is too large for memory, too", async () => {
    for (const coding of ["br", "gzip"]) {
      for (const cache of ["MISS", "HIT"]) {
        const got = await get("/asked/large", { "accept-encoding": coding });
        expect([got.fields["x-cache"], got.fields["content-encoding"]]).toEqual([cache, coding]);
        expect(decoded(got).equals(LARGE)).toBe(true);
        expectHonest(got);
      }
    }
  });

  it("answers HEAD with the same fields and no body", async () => {
    const whole = await get("/asked/head", { "accept-encoding": "gzip" });
    const head = await get("/asked/head", { "accept-encoding": "gzip" }, "HEAD");
    expect([head.status, head.fields["x-cache"], head.bytes.length]).toEqual([200, "HIT", 0]);
    for (const name of ["content-encoding", "etag", "vary"] as const)
      expect(head.fields[name]).toBe(whole.fields[name]);
  });

  it("gives the whole to who asks for a part of what is encoded", async () => {
    for (let i = 0; i < 2; i++) {
      const got = await get("/asked/part", { "accept-encoding": "gzip", range: "bytes=0-3" });
      expect(got.status).toBe(200);
      expect(decoded(got).equals(PLAIN)).toBe(true);
    }
  });
});
