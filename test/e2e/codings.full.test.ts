// Owns the proof that bodies an origin encodes reach clients over a real wire as bytes that are what their header section says.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, createServer, type IncomingHttpHeaders, request, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";

const PLAIN = Buffer.from("The same line, again and again.\n".repeat(200));
/** More than memory keeps, and hard to compress. */
const LARGE = Buffer.from(Array.from({ length: 170_000 }, (_, i) => (i * 2_654_435_761).toString(36)).join(""));

const ENCODED: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (body) => zstdCompressSync(body),
  GZIP: (body) => gzipSync(body),
  "x-gzip": (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  // known to nobody: every byte turned over
  "x-own": turnedOver,
  "gzip, br": (body) => brotliCompressSync(gzipSync(body)),
};

const DECODED: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gunzipSync(body),
  "x-gzip": (body) => gunzipSync(body),
  br: (body) => brotliDecompressSync(body),
  zstd: (body) => zstdDecompressSync(body),
  deflate: (body) => inflateSync(body),
  "x-own": turnedOver,
};

function turnedOver(body: Buffer): Buffer {
  return Buffer.from(body.map((byte) => byte ^ 0xff));
}

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
const agent = new Agent({ keepAlive: true });

/** /always/CODING/name encodes whatever is asked; /asked/name does as it is asked; /table/ROW and /declared/ROW: see below. */
const answerTo: RequestListener = (req, res) => {
  asked.push(req.headers);
  if (/^\/(?:table|declared|off)\//.test(req.url ?? "")) {
    answerRow(req, res);
    return;
  }
  const [, mode = "", second = "", ...rest] = (req.url ?? "").split("/");
  const name = mode === "always" ? (rest[0] ?? "") : second;
  const wanted = req.headers["accept-encoding"] ?? "identity";
  const coding = mode === "always" ? second : wanted;
  // bodies that are not in the coding they announce
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
     const vary = { encodings: ["br", "gzip"] } as const;
     export default defineSite({
       rules: [{ match: "/asked/*", vary }, { match: "/declared/*", vary }, { match: "/off/*", compress: false }],
     });`,
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
  agent.destroy();
  await edges.close();
  origin.closeAllConnections();
  origin.close();
  await rm(directory, { recursive: true, force: true });
});

/** The origin's answer for a row of the table, whatever the request says. */
interface Row {
  readonly coding: string;
  readonly type: "text/html" | "image/png";
  readonly bytes: 200 | 40_000 | 1_200_000;
  readonly noTransform: boolean;
}

function pathOf(rule: string, { coding, type, bytes, noTransform }: Row, name: string): string {
  // a slash in a segment would make the path ambiguous
  const parts = [coding, type.replace("/", "-"), String(bytes), noTransform ? "no-transform" : "public", name];
  return `/${rule}/${parts.map(encodeURIComponent).join("/")}`;
}

function plainOf(bytes: number): Buffer {
  return bytes > 100_000
    ? LARGE.subarray(0, bytes)
    : Buffer.concat([PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN]).subarray(0, bytes);
}

/** Made once each. */
const sentBytes = new Map<string, Buffer>();

function sentOf({ coding, bytes }: Row): Buffer {
  const id = `${coding} ${String(bytes)}`;
  const sent = sentBytes.get(id) ?? (ENCODED[coding] ?? ((body) => body))(plainOf(bytes));
  sentBytes.set(id, sent);
  return sent;
}

const answerRow: RequestListener = (req, res) => {
  const [, , coding = "", type = "", bytes = "", directive = ""] = (req.url ?? "").split("/").map(decodeURIComponent);
  const row = { coding, type, bytes: Number(bytes), noTransform: false } as Row;
  const body = sentOf(row);
  res.writeHead(200, {
    "cache-control": `max-age=600, ${directive}`,
    "content-type": type.replace("-", "/"),
    "content-length": body.length,
    etag: '"tag"',
    ...(coding === "identity" ? {} : { "content-encoding": coding }),
  });
  res.end(req.method === "HEAD" ? undefined : body);
};

/** The response as it comes over the wire: nothing is decoded. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const req = request(edge + path, { method, headers, agent }, (res) => {
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
  const codings = (fields["content-encoding"] ?? "").split(",").map((coding) => coding.trim().toLowerCase());
  // the last that was applied is undone first (RFC 9110 8.4)
  return codings.toReversed().reduce((body, coding) => (DECODED[coding] ?? ((same) => same))(body), bytes);
}

/** The declared length is true of the bytes on the wire. */
function expectHonest(got: Got): void {
  const { "content-length": length } = got.fields;
  if (length !== undefined) expect(Number(length)).toBe(got.bytes.length);
}

describe.each(["gzip", "br", "zstd", "GZIP"])(
  "a body that comes in %s although the edge asked for identity",
  (coding) => {
    const at = (name: string): string => `/always/${coding}/${name}`;
    const accepting: readonly Record<string, string>[] = [{}, { "accept-encoding": "identity, br;q=0" }];

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
        const got = await get(path);
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
  },
);

it.each([
  ["gzip", "small.tar.gz"],
  ["x-gzip", "large.tgz"],
  ["gzip", "large.svgz"],
  ["br", "large.js.br"],
  ["zstd", "small.tar.zst"],
  ["gzip", "private.tar.gz"],
])("a file compressed by %s and called %s reaches every client byte for byte", async (coding, name) => {
  const sent = (ENCODED[coding] ?? turnedOver)(name.startsWith("large") ? LARGE : PLAIN);
  for (const accepted of ["gzip, br, zstd", "identity"]) {
    const headers = { "accept-encoding": accepted };
    for (const method of ["GET", "GET", "HEAD"]) {
      const { status, fields, bytes } = await get(`/always/${coding}/${name}`, headers, method);
      expect([status, fields["content-encoding"], fields.etag]).toEqual([200, coding, `"${name}-${coding}"`]);
      expect(fields["content-length"]).toBe(String(sent.length));
      if (method === "GET") expect(bytes.equals(sent)).toBe(true);
    }
  }
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

  it("cuts the encoded bytes for who asks for a part of them", async () => {
    const whole = await get("/asked/part", { "accept-encoding": "gzip" });
    const got = await get("/asked/part", {
      "accept-encoding": "gzip",
      range: "bytes=2-9",
      "if-range": whole.fields.etag ?? "",
    });
    expect([got.status, got.fields["content-encoding"]]).toEqual([206, "gzip"]);
    expect(got.bytes.equals(whole.bytes.subarray(2, 10))).toBe(true);
  });
});

/** Accept-Encoding -> what it selects of br, zstd, gzip; and of a rule's br, gzip. */
const CLIENTS: readonly (readonly [accepted: string | undefined, ofAll: string, ofRule: string])[] = [
  [undefined, "identity", "identity"],
  ["identity", "identity", "identity"],
  ["gzip", "gzip", "gzip"],
  ["x-gzip", "gzip", "gzip"],
  ["br", "br", "br"],
  ["zstd", "zstd", "identity"],
  ["gzip, deflate, br, zstd", "br", "br"],
  ["br;q=0.1, gzip;q=0.9", "gzip", "gzip"],
  ["deflate, x-own", "identity", "identity"],
];

const ORIGINS = ["identity", "gzip", "br", "zstd", "x-gzip", "GZIP", "deflate", "x-own", "gzip, br"];

const ROWS: readonly Row[] = ORIGINS.flatMap((coding) =>
  (["text/html", "image/png"] as const).flatMap((type) =>
    ([200, 40_000, 1_200_000] as const).flatMap((bytes) =>
      [false, true].map((noTransform) => ({ coding, type, bytes, noTransform })),
    ),
  ),
).filter(({ type, bytes, noTransform }) => bytes < 2 ** 20 || (type === "text/html" && !noTransform));

/** The fields that a client must get, from the row alone. */
function expectedOf(rule: string, row: Row, [, ofAll, ofRule]: (typeof CLIENTS)[number]) {
  const chosen = rule === "declared" ? ofRule : ofAll;
  const name = row.coding.toLowerCase().replace("x-gzip", "gzip");
  const isKept = row.noTransform || (rule === "declared" && name === chosen) || !["gzip", "br", "zstd"].includes(name);
  const isUndone = !isKept && row.coding !== "identity";
  const coding = isUndone || row.coding === "identity" ? undefined : row.coding;
  const stored = isUndone ? plainOf(row.bytes) : sentOf(row);
  const isText = rule !== "off" && row.type === "text/html" && !row.noTransform && coding === undefined;
  const isSized = row.bytes >= 1024 && row.bytes <= 2 ** 20;
  const told = (isNegotiated: boolean, accepted: string) => {
    const isEncoded = isNegotiated && accepted !== "identity";
    return {
      coding: isEncoded ? accepted : coding,
      etag: isUndone || isEncoded ? 'W/"tag"' : '"tag"',
      vary: isNegotiated || rule === "declared" ? "accept-encoding" : undefined,
    };
  };
  return {
    stored,
    // of what is decoded as it comes nobody knows the length
    miss: told(isText && (isUndone || isSized), chosen),
    // and its first answer may have left encoded, whatever its length turned out to be
    hit: told(isText && (isUndone || isSized), isSized ? chosen : "identity"),
    part: told(isText && (isUndone || isSized), "identity"),
  };
}

function toldOf({ fields }: Got) {
  return { coding: fields["content-encoding"], etag: fields.etag, vary: fields.vary };
}

/** Until the colo has what memory does not take. */
async function getHit(path: string, headers: Record<string, string>): Promise<Got> {
  for (let i = 0; ; i++) {
    const got = await get(path, headers);
    if (got.fields["x-cache"] === "HIT" || i >= 100) return got;
  }
}

async function checkRow(rule: string, row: Row, client: (typeof CLIENTS)[number], index: number): Promise<void> {
  const [accepted] = client;
  const headers: Record<string, string> = accepted === undefined ? {} : { "accept-encoding": accepted };
  const path = pathOf(rule, row, String(index));
  const expected = expectedOf(rule, row, client);
  const plain = plainOf(row.bytes);

  const miss = await get(path, headers);
  expect([miss.fields["x-cache"], toldOf(miss)], `MISS ${path} ${String(accepted)}`).toEqual(["MISS", expected.miss]);
  expect(decoded(miss).equals(plain)).toBe(true);
  expectHonest(miss);

  const hit = await getHit(path, headers);
  expect([hit.fields["x-cache"], toldOf(hit)], `HIT ${path} ${String(accepted)}`).toEqual(["HIT", expected.hit]);
  expect(decoded(hit).equals(plain)).toBe(true);
  expect(hit.fields["content-length"]).toBe(String(hit.bytes.length));

  for (const tag of ['"tag"', 'W/"tag"']) {
    const unchanged = await get(path, { ...headers, "if-none-match": tag });
    const { coding: _, ...told } = expected.hit;
    expect([unchanged.status, toldOf(unchanged), unchanged.bytes.length], `304 ${path}`).toEqual([
      304,
      { coding: undefined, ...told },
      0,
    ]);
  }
  const head = await get(path, headers, "HEAD");
  expect([head.status, toldOf(head), head.bytes.length], `HEAD ${path}`).toEqual([200, expected.hit, 0]);
  expect(head.fields["content-length"]).toBe(hit.fields["content-length"]);

  const part = await get(path, { ...headers, range: "bytes=3-12" });
  expect([part.status, toldOf(part)], `Range ${path}`).toEqual([206, expected.part]);
  expect(part.bytes.equals(expected.stored.subarray(3, 13))).toBe(true);
  expect(part.fields["content-range"]).toBe(`bytes 3-12/${String(expected.stored.length)}`);
  expectHonest(part);
}

describe.each(["table", "declared", "off"])("every coding of client and origin: /%s", (rule) => {
  it.each(rule === "off" ? ["identity", "gzip"] : ORIGINS)(
    "an origin that sends %s",
    { timeout: 120_000 },
    async (coding) => {
      for (const row of ROWS.filter((each) => each.coding === coding)) {
        // a large body tells nothing of a client that a small one does not
        const clients =
          row.bytes > 2 ** 20
            ? CLIENTS.filter(([accepted]) => accepted === undefined || accepted.length > 20)
            : CLIENTS;
        await Promise.all(clients.map((client, index) => checkRow(rule, row, client, index)));
      }
    },
  );

  it("every client gets its own coding, whichever client filled the store", async () => {
    const row: Row = { coding: "identity", type: "text/html", bytes: 40_000, noTransform: false };
    const path = pathOf(rule, row, "shared");
    for (let round = 0; round < 3; round++) {
      for (const client of CLIENTS) {
        const [accepted] = client;
        const got = await get(path, accepted === undefined ? {} : { "accept-encoding": accepted });
        expect(toldOf(got)).toEqual(expectedOf(rule, row, client).hit);
        expect(decoded(got).equals(plainOf(row.bytes))).toBe(true);
        expectHonest(got);
      }
    }
  });
});
