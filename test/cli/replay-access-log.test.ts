// Proves the access log grammar and its reader: a table of real shapes, properties over arbitrary ones, plain and gzip files.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatEntry, type LogEntry, parseLine } from "../../cli/replay/access-log.ts";
import { type LogLine, readAccessLog } from "../../cli/replay/log-reader.ts";
import { canonicalTarget, readRequestLine } from "../../cli/replay/request-line.ts";

const DATE = "[17/May/2015:10:05:03 +0000]";
const TIME_MS = Date.UTC(2015, 4, 17, 10, 5, 3);
const PLAIN: LogEntry = {
  host: "h",
  ident: undefined,
  user: undefined,
  timeMs: TIME_MS,
  zoneMinutes: 0,
  request: "GET / HTTP/1.1",
  status: 200,
  bodyBytes: 12,
  client: { referer: undefined, agent: undefined },
};

describe("lines that are read", () => {
  const table: readonly [name: string, line: string, changed: Partial<LogEntry>][] = [
    ["combined, all missing", `h - - ${DATE} "GET / HTTP/1.1" 200 12 "-" "-"`, {}],
    ["common", `h - - ${DATE} "GET / HTTP/1.1" 200 12`, { client: undefined }],
    ["no size", `h - - ${DATE} "GET / HTTP/1.1" 304 - "-" "-"`, { status: 304, bodyBytes: undefined }],
    ["user and ident", `h i u ${DATE} "GET / HTTP/1.1" 200 12 "-" "-"`, { ident: "i", user: "u" }],
    ["user with a space", `h - john doe ${DATE} "GET / HTTP/1.1" 200 12 "-" "-"`, { user: "john doe" }],
    ["user with a bracket", `h - a [b] ${DATE} "GET / HTTP/1.1" 200 12 "-" "-"`, { user: "a [b]" }],
    ["IPv6 host", `2001:db8::7 - - ${DATE} "GET / HTTP/1.1" 200 12 "-" "-"`, { host: "2001:db8::7" }],
    ["zone west", `h - - [17/May/2015:03:05:03 -0700] "GET / HTTP/1.1" 200 12 "-" "-"`, { zoneMinutes: -420 }],
    ["zone with minutes", `h - - [17/May/2015:15:35:03 +0530] "GET / HTTP/1.1" 200 12 "-" "-"`, { zoneMinutes: 330 }],
    ["empty request", `h - - ${DATE} "" 400 0 "-" "-"`, { request: "", status: 400, bodyBytes: 0 }],
    ["request of dashes", `h - - ${DATE} "-" 408 12 "-" "-"`, { request: "-", status: 408 }],
    ["TLS bytes", String.raw`h - - ${DATE} "\x16\x03\x01" 400 12 "-" "-"`, { request: "\x16\x03\x01", status: 400 }],
    ["quotation mark", String.raw`h - - ${DATE} "GET /\" HTTP/1.1" 200 12 "-" "-"`, { request: 'GET /" HTTP/1.1' }],
    [
      "nginx quotation mark",
      String.raw`h - - ${DATE} "GET /\x22 HTTP/1.1" 200 12 "-" "-"`,
      { request: 'GET /" HTTP/1.1' },
    ],
    [
      "unknown escape",
      String.raw`h - - ${DATE} "GET /\q HTTP/1.1" 200 12 "-" "-"`,
      { request: String.raw`GET /\q HTTP/1.1` },
    ],
    ["fields after the agent", `h - - ${DATE} "GET / HTTP/1.1" 200 12 "-" "-" "10.0.0.1" 0.004`, {}],
    [
      "referer without agent",
      `h - - ${DATE} "GET / HTTP/1.1" 200 12 "/r"`,
      { client: { referer: "/r", agent: undefined } },
    ],
    [
      "user agent cut off",
      `h - - ${DATE} "GET / HTTP/1.1" 200 12 "-" "Mozilla/5`,
      { client: { referer: undefined, agent: "Mozilla/5" } },
    ],
    [
      "raw high byte",
      `h - - ${DATE} "GET / HTTP/1.1" 200 12 "-" "\xe9"`,
      { client: { referer: undefined, agent: "\xe9" } },
    ],
  ];
  test.each(table)("%s", (_name, line, changed) => {
    expect(parseLine(line)).toEqual({ kind: "entry", entry: { ...PLAIN, ...changed } });
  });
});

describe("lines that are refused", () => {
  const table: readonly [line: string, problem: RegExp][] = [
    ["", /host, user and date/],
    ["hello", /host, user and date/],
    [`h - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12`, /date/],
    [`h - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12`, /date that does not exist/],
    [`h - - [00/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12`, /date that does not exist/],
    [`h - - [17/May/2015:24:05:03 +0000] "GET / HTTP/1.1" 200 12`, /date/],
    [`h - - ${DATE} "GET / HTTP/1.1`, /request's quotation marks/],
    [`h - - ${DATE} "GET /\\`, /request's quotation marks/],
    [`h - - ${DATE} "GET / HTTP/1.1" OK 12`, /status and size/],
    [`h - - ${DATE} "GET / HTTP/1.1" 200`, /status and size/],
    [`h - - ${DATE} "GET / HTTP/1.1" 200 -1`, /status and size/],
    [`h - - ${DATE} "GET / HTTP/1.1" 200 12 "/r`, /referer's quotation marks/],
  ];
  test.each(table)("%s", (line, problem) => {
    expect(parseLine(line)).toEqual({ kind: "bad", problem: expect.stringMatching(problem) });
  });
});

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const optional = latin1.filter((text) => text !== "-").map((text): string | undefined => text);
const word = fc.stringMatching(/^[A-Za-z0-9.:_]{1,20}$/);
const entries: fc.Arbitrary<LogEntry> = fc.record({
  host: word,
  ident: fc.option(word, { nil: undefined }),
  user: fc.option(word, { nil: undefined }),
  timeMs: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  zoneMinutes: fc.integer({ min: -720, max: 840 }),
  request: latin1,
  status: fc.integer({ min: 100, max: 999 }),
  bodyBytes: fc.option(fc.nat(), { nil: undefined }),
  client: fc.option(
    fc.record({ referer: fc.option(optional, { nil: undefined }), agent: fc.option(optional, { nil: undefined }) }),
    { nil: undefined },
  ),
});

describe("properties", () => {
  test("a formatted entry is read back as it was", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(parseLine(formatEntry(entry))).toEqual({ kind: "entry", entry });
      }),
    );
  });

  test("no text makes the parser throw, and what it reads it can write and read again", () => {
    const damaged = fc
      .tuple(entries, fc.nat(), fc.nat(4), latin1)
      .map(([entry, at, removed, inserted]) => splice(formatEntry(entry), at, removed, inserted));
    fc.assert(
      fc.property(fc.oneof(fc.string(), latin1, damaged), (line) => {
        const first = parseLine(line);
        if (first.kind === "bad") return;
        const written = formatEntry(first.entry);
        expect(parseLine(written)).toEqual(first);
        expect(formatEntry(first.entry)).toBe(written);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a target that can be sent again fits a request line, and its canonical form is stable", () => {
    fc.assert(
      fc.property(latin1, (path) => {
        const line = readRequestLine(`GET /${path} HTTP/1.1`);
        if (line.kind === "skip") return;
        expect(line.target).toMatch(/^\/[\x21-\x7e]*$/);
        expect(canonicalTarget(canonicalTarget(line.target))).toBe(canonicalTarget(line.target));
      }),
    );
  });
});

describe("request lines", () => {
  const table: readonly [request: string, expected: string][] = [
    ["GET /a?b=c HTTP/1.1", "GET /a?b=c"],
    ["GET /old", "GET /old"],
    ["HEAD http://example.com/x HTTP/1.1", "HEAD /x"],
    ["GET http://example.com?q HTTP/1.1", "GET /?q"],
    ["GET /caf\xe9 HTTP/1.1", "GET /caf%E9"],
    ["GET //host/x HTTP/1.1", "GET //host/x"],
    ["GET /a b HTTP/1.1", "junk"],
    ["", "junk"],
    ["\x16\x03", "junk"],
    ["OPTIONS * HTTP/1.0", "target"],
    ["GET /\x01 HTTP/1.0", "target"],
    ["CONNECT a:443 HTTP/1.1", "method"],
    ["PURGE /a HTTP/1.1", "method"],
    ["get / HTTP/1.1", "method"],
    ["POST /.strata/purge HTTP/1.1", "admin"],
    ["POST /x/../.strata/purge HTTP/1.1", "admin"],
  ];
  test.each(table)("%s", (request, expected) => {
    const line = readRequestLine(request);
    expect(line.kind === "skip" ? line.reason : `${line.method} ${line.target}`).toBe(expected);
  });
});

describe("files", () => {
  const line = (path: string): string => `h - - ${DATE} "GET ${path} HTTP/1.1" 200 12 "-" "-"`;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "replay-log-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(content: Buffer): Promise<LogLine[]> {
    const file = join(folder, "access.log");
    await writeFile(file, content);
    return linesOf(file);
  }

  test("lines end with LF or CRLF, the last one with nothing; empty ones are passed over but counted", async () => {
    const lines = await read(Buffer.from(`${line("/1")}\r\n\nbad\n${line("/4")}`));
    expect(lines.map(({ lineNumber, kind }) => [lineNumber, kind])).toEqual([
      [1, "entry"],
      [3, "bad"],
      [4, "entry"],
    ]);
  });

  test("gzip is known by its first bytes, not by the name", async () => {
    expect(await read(gzipSync(`${line("/1")}\n${line("/2")}\n`))).toHaveLength(2);
  });

  test("a damaged gzip stream rejects", async () => {
    const whole = gzipSync(Array.from({ length: 1_000 }, (_, n) => line(`/${n}`)).join("\n"));
    await expect(read(whole.subarray(0, whole.length / 2))).rejects.toThrow(/unexpected end/);
  });

  test("a line without an end is refused in bounded memory and reading goes on", async () => {
    const lines = await read(Buffer.from(`${"x".repeat(300_000)}\n${line("/2")}\n`));
    expect(lines.map(({ kind }) => kind)).toEqual(["bad", "entry"]);
  });

  test("a missing file and a folder reject", async () => {
    await expect(linesOf(join(folder, "none"))).rejects.toThrow(/ENOENT/);
    await expect(linesOf(folder)).rejects.toThrow(/EISDIR/);
  });
});

async function linesOf(file: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readAccessLog(file)) lines.push(line);
  return lines;
}

function splice(text: string, at: number, removed: number, inserted: string): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + inserted + text.slice(from + removed);
}
