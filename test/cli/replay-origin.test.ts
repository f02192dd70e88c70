// Proves the origin made from a log: which answer a target gets, its validators, and large bodies in bounded memory.
import { type IncomingHttpHeaders, request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { parseLine } from "../../cli/replay/access-log.ts";
import { bodyOf } from "../../cli/replay/body.ts";
import { type LogOrigin, RESOURCE_HEADER, startLogOrigin } from "../../cli/replay/log-origin.ts";
import { readRequestLine } from "../../cli/replay/request-line.ts";
import { type Catalogue, createCatalogue } from "../../cli/replay/resources.ts";

const DAY = "public, max-age=86400";
const PAGE = "public, max-age=300, stale-while-revalidate=60";
const HOUR = "public, max-age=3600";
const BRIEF = "public, max-age=60";

let origin: LogOrigin | undefined;
afterEach(async () => {
  await origin?.close();
  origin = undefined;
});

/** @param log one `METHOD target status size` per entry */
function catalogueOf(log: readonly string[]): Catalogue {
  const catalogue = createCatalogue();
  for (const text of log) {
    const [method, target, status, size] = text.split(" ");
    const parsed = parseLine(`h - - [17/May/2015:10:05:03 +0000] "${method} ${target} HTTP/1.1" ${status} ${size}`);
    if (parsed.kind === "bad") throw new Error(parsed.problem);
    const request = readRequestLine(parsed.entry.request);
    if (request.kind === "skip") throw new Error(request.reason);
    catalogue.add(request, parsed.entry);
  }
  return catalogue.finish();
}

async function start(log: readonly string[]): Promise<LogOrigin> {
  origin = await startLogOrigin(catalogueOf(log));
  return origin;
}

function open(url: string, method: string, target: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, path: target, headers }, resolve);
    request.on("error", reject);
    request.end();
  });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(
  from: LogOrigin,
  method: string,
  target: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await open(from.url, method, target, headers);
  const body = await buffer(response);
  return { status: response.statusCode, headers: response.headers, body };
}

describe("the answer of a target", () => {
  interface Case {
    readonly name: string;
    readonly log: readonly string[];
    readonly ask: readonly [method: string, target: string];
    readonly expect: { status: number; bytes: number; type: string; cacheControl: string };
  }
  const table: readonly Case[] = [
    {
      name: "image",
      log: ["GET /a.png 200 2000"],
      ask: ["GET", "/a.png"],
      expect: { status: 200, bytes: 2000, type: "image/png", cacheControl: DAY },
    },
    {
      name: "script",
      log: ["GET /a.JS 200 9"],
      ask: ["GET", "/a.JS"],
      expect: { status: 200, bytes: 9, type: "text/javascript", cacheControl: DAY },
    },
    {
      name: "page by slash",
      log: ["GET /a/ 200 9"],
      ask: ["GET", "/a/"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "page by nothing",
      log: ["GET /a.b/c 200 9"],
      ask: ["GET", "/a.b/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "feed",
      log: ["GET /a.xml 200 9"],
      ask: ["GET", "/a.xml"],
      expect: { status: 200, bytes: 9, type: "application/xml", cacheControl: "public, max-age=900" },
    },
    {
      name: "feed by query",
      log: ["GET /?flav=rss20 200 9"],
      ask: ["GET", "/?flav=rss20"],
      expect: { status: 200, bytes: 9, type: "application/rss+xml", cacheControl: "public, max-age=900" },
    },
    {
      name: "download",
      log: ["GET /a.jar 200 9"],
      ask: ["GET", "/a.jar"],
      expect: { status: 200, bytes: 9, type: "application/java-archive", cacheControl: HOUR },
    },
    {
      name: "unknown extension",
      log: ["GET /a.qqq 200 9"],
      ask: ["GET", "/a.qqq"],
      expect: { status: 200, bytes: 9, type: "application/octet-stream", cacheControl: HOUR },
    },
    {
      name: "empty body",
      log: ["GET /a.gif 200 0"],
      ask: ["GET", "/a.gif"],
      expect: { status: 200, bytes: 0, type: "image/gif", cacheControl: DAY },
    },
    {
      name: "redirect",
      log: ["GET /dir 301 30"],
      ask: ["GET", "/dir"],
      expect: { status: 301, bytes: 30, type: "text/html", cacheControl: BRIEF },
    },
    {
      name: "missing image",
      log: ["GET /no.png 404 50"],
      ask: ["GET", "/no.png"],
      expect: { status: 404, bytes: 50, type: "text/html", cacheControl: BRIEF },
    },
    {
      name: "forbidden",
      log: ["GET /no 403 50"],
      ask: ["GET", "/no"],
      expect: { status: 403, bytes: 50, type: "text/html", cacheControl: "no-store" },
    },
    {
      name: "server error",
      log: ["GET /e 500 5"],
      ask: ["GET", "/e"],
      expect: { status: 500, bytes: 5, type: "text/html", cacheControl: "no-store" },
    },
    {
      name: "no content",
      log: ["GET /n 204 7"],
      ask: ["GET", "/n"],
      expect: {
        status: 204,
        bytes: 0,
        type: "text/html",
        cacheControl: HOUR.replace("3600", "300, stale-while-revalidate=60"),
      },
    },
    {
      name: "post",
      log: ["GET /f 200 9", "POST /f 200 20"],
      ask: ["POST", "/f"],
      expect: { status: 200, bytes: 20, type: "text/html", cacheControl: "no-store" },
    },
    {
      name: "options",
      log: ["OPTIONS /f 500 6"],
      ask: ["OPTIONS", "/f"],
      expect: { status: 500, bytes: 6, type: "text/html", cacheControl: "no-store" },
    },
    {
      name: "most frequent status",
      log: ["GET /c 404 5", "GET /c 200 9", "GET /c 200 9"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "a 304 counts as 200",
      log: ["GET /c 404 5", "GET /c 304 -", "GET /c 200 9"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "most frequent size",
      log: ["GET /c 200 9", "GET /c 200 7", "GET /c 200 7"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 7, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "larger of equally frequent sizes",
      log: ["GET /c 200 9", "GET /c 200 7"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "206 is served whole",
      log: ["GET /z.zip 206 50", "GET /z.zip 200 90"],
      ask: ["GET", "/z.zip"],
      expect: { status: 200, bytes: 90, type: "application/zip", cacheControl: HOUR },
    },
    {
      name: "only 206: its largest part",
      log: ["GET /z.zip 206 50", "GET /z.zip 206 70"],
      ask: ["GET", "/z.zip"],
      expect: { status: 200, bytes: 70, type: "application/zip", cacheControl: HOUR },
    },
    {
      name: "only 304: size unknown",
      log: ["GET /z.zip 304 -"],
      ask: ["GET", "/z.zip"],
      expect: { status: 200, bytes: 1024, type: "application/zip", cacheControl: HOUR },
    },
    {
      name: "HEAD does not tell the size",
      log: ["HEAD /c 200 20", "HEAD /c 200 20", "GET /c 200 9"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "a normalised spelling",
      log: ["GET /x/../a%20b 200 9"],
      ask: ["GET", "/a%20b"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
    {
      name: "a query the edge took away",
      log: ["GET /c?utm_source=x 200 9"],
      ask: ["GET", "/c"],
      expect: { status: 200, bytes: 9, type: "text/html", cacheControl: PAGE },
    },
  ];
  test.each(table)("$name", async ({ log, ask: [method, target], expect: expected }) => {
    const answer = await ask(await start(log), method, target);
    expect({
      status: answer.status,
      bytes: answer.body.length,
      type: answer.headers["content-type"],
      cacheControl: answer.headers["cache-control"],
    }).toEqual(expected);
    expect(answer.headers[RESOURCE_HEADER]).toMatch(/^\d+$/);
  });

  test("a path the log does not have is a 404 that is counted apart", async () => {
    const from = await start(["GET / 200 9"]);
    expect((await ask(from, "GET", "/other")).status).toBe(404);
    expect((await ask(from, "POST", "/")).status).toBe(404);
    expect(from.counts().unknown).toBe(2);
  });

  test("redirects lead to the path with its slash, and from there to the root", async () => {
    const from = await start(["GET /dir?x=1 301 9", "GET /dir/ 302 9"]);
    expect((await ask(from, "GET", "/dir?x=1")).headers["location"]).toBe("/dir/");
    expect((await ask(from, "GET", "/dir/")).headers["location"]).toBe("/");
  });
});

describe("validators", () => {
  const log = ["GET /a.png 200 2000", "GET /missing 404 9", "POST /a.png 200 5"];
  const later = new Date(Date.UTC(2030, 0)).toUTCString();
  const earlier = new Date(Date.UTC(2010, 0)).toUTCString();

  test("a 200 has them, nothing else does", async () => {
    const from = await start(log);
    const { headers } = await ask(from, "GET", "/a.png");
    expect(headers["etag"]).toMatch(/^"[0-9a-f]{16}"$/);
    expect(headers["last-modified"]).toBe("Sun, 17 May 2015 10:05:03 GMT");
    expect((await ask(from, "GET", "/missing")).headers["etag"]).toBeUndefined();
    expect((await ask(from, "POST", "/a.png")).headers["etag"]).toBeUndefined();
  });

  test("the tag depends on target and size alone", () => {
    const tag = (entries: readonly string[], target: string): string | undefined =>
      catalogueOf(entries).find("GET", target)?.etag;
    expect(tag(["GET /b 200 9", "GET /a 200 9"], "/a")).toBe(tag(["GET /a 200 9"], "/a"));
    expect(tag(["GET /a 200 8"], "/a")).not.toBe(tag(["GET /a 200 9"], "/a"));
    expect(tag(["GET /b 200 9"], "/b")).not.toBe(tag(["GET /a 200 9"], "/a"));
  });

  const table: readonly [
    name: string,
    method: string,
    headers: (tag: string) => Record<string, string>,
    status: number,
  ][] = [
    ["its tag", "GET", (tag) => ({ "if-none-match": tag }), 304],
    ["its tag, weak, in a list", "GET", (tag) => ({ "if-none-match": `"x", W/${tag}` }), 304],
    ["any tag", "GET", () => ({ "if-none-match": "*" }), 304],
    ["HEAD", "HEAD", (tag) => ({ "if-none-match": tag }), 304],
    ["another tag", "GET", () => ({ "if-none-match": '"x"' }), 200],
    ["another tag decides over the date", "GET", () => ({ "if-none-match": '"x"', "if-modified-since": later }), 200],
    ["a later date", "GET", () => ({ "if-modified-since": later }), 304],
    ["an earlier date", "GET", () => ({ "if-modified-since": earlier }), 200],
    ["junk for a date", "GET", () => ({ "if-modified-since": "soon" }), 200],
    ["POST", "POST", (tag) => ({ "if-none-match": tag }), 200],
  ];
  test.each(table)("%s", async (_name, method, headers, status) => {
    const from = await start(log);
    const tag = (await ask(from, "HEAD", "/a.png")).headers["etag"] ?? "";
    const answer = await ask(from, method, "/a.png", headers(tag));
    expect(answer.status).toBe(status);
    if (status === 304)
      expect([answer.body.length, answer.headers["etag"], answer.headers["cache-control"]]).toEqual([0, tag, DAY]);
  });
});

describe("bodies", () => {
  test("HEAD tells the length and sends nothing", async () => {
    const from = await start(["GET /a.png 200 2000"]);
    const answer = await ask(from, "HEAD", "/a.png");
    expect([answer.status, answer.headers["content-length"], answer.body.length]).toEqual([200, "2000", 0]);
    expect(from.counts().total).toEqual({ requests: 1, bytes: 0 });
  });

  test.each([20, 65_535, 65_536, 65_537, 131_072, 1_000_003])(
    "a body of %i bytes can be checked in any pieces",
    (bytes) => {
      const body = bodyOf("/some/path", bytes);
      const whole = Buffer.concat([...body.chunks()]);
      expect(whole.length).toBe(bytes);
      const middle = Math.floor(bytes / 3);
      expect(body.matches(whole, 0)).toBe(true);
      expect(body.matches(whole.subarray(middle), middle)).toBe(true);
      expect(body.matches(Buffer.concat([whole, Buffer.from("x")]), 0)).toBe(false);
      whole[bytes - 1] = 0;
      expect(body.matches(whole, 0)).toBe(false);
      expect(bodyOf("/another/path", bytes).matches(Buffer.concat([...body.chunks()]), 0)).toBe(false);
    },
  );

  test("a body of 69 MB arrives whole", async () => {
    const from = await start(["GET /a.jar 200 69192717"]);
    const response = await open(from.url, "GET", "/a.jar", {});
    const body = bodyOf("/a.jar", 69_192_717);
    let received = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (!body.matches(chunk, received)) throw new Error(`differs near ${received}`);
      received += chunk.length;
    }
    expect([received, response.headers["content-length"]]).toEqual([69_192_717, "69192717"]);
    expect(from.counts().byContentType.get("application/java-archive")).toEqual({ requests: 1, bytes: 69_192_717 });
  });

  test("a reader that stops reading stops the origin: nothing is buffered beyond the sockets", async () => {
    const from = await start(["GET /huge.zip 200 4000000000", "GET /small 200 1"]);
    const stalled = await open(from.url, "GET", "/huge.zip", {});
    const sent = async (): Promise<number> => {
      // Each exchange gives the origin several turns to write, if it still can.
      for (let turn = 0; turn < 20; turn++) await ask(from, "GET", "/small");
      return from.counts().byTarget.get("/huge.zip")?.bytes ?? 0;
    };
    // the kernel may let its buffers grow for a while; then nothing moves any more
    let before = -1;
    let bytes = await sent();
    for (let round = 0; round < 100 && bytes !== before; round++) {
      before = bytes;
      bytes = await sent();
    }
    expect(bytes).toBe(before);
    expect(bytes).toBeLessThan(64_000_000);
    stalled.destroy();
  });

  test("a client that leaves does not harm the next one", async () => {
    const from = await start(["GET /huge.zip 200 4000000000", "GET /small 200 1"]);
    (await open(from.url, "GET", "/huge.zip", {})).destroy();
    expect((await ask(from, "GET", "/small")).status).toBe(200);
  });
});

test("the catalogue counts what it could not keep", () => {
  const { fidelity, targets } = catalogueOf([
    "GET /c 200 9",
    "GET /c 200 9",
    "GET /c 200 7",
    "GET /c 404 5",
    "GET /z.zip 206 50",
    "GET /y 304 -",
  ]);
  expect(targets).toBe(3);
  expect(fidelity).toEqual({ partialServedWhole: 1, otherStatus: 1, otherSize: 1, targetsOfUnknownSize: 1 });
});
