// Proves a whole replay: a 30-line log through a stand-in edge on loopback, its trouble, and the command's refusals.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { plannedRequests, surveyLog } from "../../cli/replay/log-plan.ts";
import { type ReplayedRequest, replay } from "../../cli/replay/replayer.ts";
import type { Report } from "../../cli/replay/report.ts";
import { type Edge, type ReplayOutcome, type ReplayRun, runReplay } from "../../cli/replay/run.ts";

const at = (request: string, result: string, host = "h"): string =>
  `${host} - - [17/May/2015:10:05:03 +0000] "${request} HTTP/1.1" ${result} "http://a/" "agent"`;

// Hits, by hand: 3 4 5 7 9 17 21 22 23 25 26 28 30.
const LOG = [
  at("GET /", "200 100"),
  at("GET /a.png", "200 2000"),
  at("GET /a.png", "200 2000"),
  at("GET /", "200 100"),
  at("GET /a.png", "304 -"),
  at("GET /b.css", "304 -"),
  at("HEAD /", "200 -"),
  at("GET /missing", "404 50"),
  at("GET /missing", "404 50"),
  at("GET /dir", "301 30"),
  at("POST /form", "200 20"),
  at("POST /form", "200 20"),
  at("GET /err", "500 10"),
  at("GET /err", "500 10"),
  "this is not a log line",
  at("GET /big.zip", "206 5000"),
  at("GET /big.zip", "200 200000"),
  at("OPTIONS /", "500 12"),
  at(String.raw`\x16\x03`, "400 0"),
  at("GET /feed?flav=rss20", "200 300"),
  at("GET /feed?flav=rss20", "200 300"),
  at("GET /", "200 100", "2001:db8::7"),
  `h - - [17/May/2015:10:05:03 +0000] "GET /a.png HTTP/1.1" 200 2000`,
  at("GET /changing", "200 10"),
  at("GET /changing", "200 12"),
  at("GET /changing", "200 12"),
  at("POST /.strata/purge", "404 9"),
  at("GET http://example.com/a.png", "200 2000"),
  at("GET /e%20f", "200 0"),
  at("GET /e%20f", "200 0"),
];

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

interface Kept {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An edge of a few lines: keeps every GET answer with a max-age for ever, and damages bodies when told to. */
function standIn(origin: string, seen: Seen[], damage: (body: Buffer) => Buffer): RequestListener {
  const kept = new Map<string, Kept>();
  return (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    seen.push({ method, url, headers });
    const readable = method === "GET" || method === "HEAD";
    const deliver = ({ status, headers: stored, body }: Kept, cacheStatus: string): void => {
      const { "content-length": _length, "transfer-encoding": _coding, connection: _connection, ...rest } = stored;
      const unchanged = headers["if-none-match"] !== undefined && headers["if-none-match"] === stored["etag"];
      response.writeHead(unchanged ? 304 : status, { ...rest, "cache-status": cacheStatus });
      response.end(unchanged ? undefined : damage(body));
    };
    const copy = readable ? kept.get(url) : undefined;
    if (copy !== undefined) return deliver(copy, "strata; hit; detail=fresh/memory");
    const { host: _host, connection: _connection, "if-none-match": _tag, ...forwarded } = headers;
    const respond = async (answer: IncomingMessage): Promise<void> => {
      const body = await buffer(answer);
      const fresh = { status: answer.statusCode ?? 0, headers: answer.headers, body };
      const stored = method === "GET" && (answer.headers["cache-control"] ?? "").includes("max-age");
      if (stored) kept.set(url, fresh);
      const why = readable ? "uri-miss" : "method";
      deliver(fresh, `strata; fwd=${why}${stored ? "; stored" : ""}; detail=${why}`);
    };
    httpRequest(origin + url, { method, headers: forwarded }, (answer) => void respond(answer)).end();
  };
}

async function listen(listener: RequestListener): Promise<Edge> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

let folder = "";
let file = "";
let seen: Seen[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-run-"));
  file = join(folder, "access.log");
});
beforeEach(async () => {
  seen = [];
  await writeFile(file, `${LOG.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

function run(more: Partial<ReplayRun> = {}): Promise<ReplayOutcome> {
  return runReplay({
    file,
    limit: Number.POSITIVE_INFINITY,
    concurrency: 1,
    signal: new AbortController().signal,
    nowMs: () => 0,
    startEdge: (origin) => listen(standIn(origin, seen, (body) => body)),
    progress: { start() {}, step() {}, stop() {} },
    ...more,
  });
}

async function reportOf(more: Partial<ReplayRun> = {}): Promise<Report> {
  const outcome = await run(more);
  if (outcome.kind !== "report") throw new Error(outcome.problem);
  return outcome.report;
}

describe("thirty lines", () => {
  test("give the numbers computed by hand", async () => {
    const { log, summary, reasons, statuses, mismatches, failures, end } = await reportOf();
    expect(end).toEqual({ kind: "complete" });
    expect([mismatches, failures]).toEqual([
      { count: 0, first: [] },
      { count: 0, first: [] },
    ]);
    expect([log.lines, log.requests, log.targets, log.bad.count, log.bad.first[0]?.lineNumber]).toEqual([
      30, 27, 12, 1, 15,
    ]);
    expect(log.skipped).toEqual({ junk: 1, admin: 1 });
    expect(log.fidelity).toEqual({ partialServedWhole: 1, otherStatus: 0, otherSize: 1, targetsOfUnknownSize: 1 });
    expect([summary.requests, summary.hits, summary.bytes, summary.hitBytes]).toEqual([27, 13, 409_138, 206_574]);
    // The stand-in drops the client's condition, so the one revalidation on a miss costs its whole body.
    expect([summary.originRequests, summary.originUnknown, summary.originBytes]).toEqual([14, 0, 203_588]);
    expect(reasons.map(({ how, reason, requests, stored }) => [how, reason, requests, stored])).toEqual([
      ["hit", "fresh/memory", 13, 0],
      ["fwd=uri-miss", "uri-miss", 11, 9],
      ["fwd=method", "method", 3, 0],
    ]);
    expect(statuses).toEqual({ 200: 19, 301: 1, 304: 2, 404: 2, 500: 3 });
  });

  test("are sent in order, with the client's own fields and nothing else", async () => {
    await reportOf();
    expect(seen.map(({ method, url }) => `${method} ${url}`).slice(0, 8)).toEqual([
      "GET /",
      "GET /a.png",
      "GET /a.png",
      "GET /",
      "GET /a.png",
      "GET /b.css",
      "HEAD /",
      "GET /missing",
    ]);
    expect(seen[0]?.headers).toEqual({
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      connection: "keep-alive",
      "user-agent": "agent",
      referer: "http://a/",
    });
    expect(seen.map(({ headers }) => headers["if-none-match"] !== undefined).indexOf(true)).toBe(4);
    expect(seen[20]?.headers["user-agent"]).toBeUndefined();
  });

  test("with several connections every request is still sent once", async () => {
    const report = await reportOf({ concurrency: 8 });
    expect([report.summary.requests, report.mismatches.count, report.failures.count]).toEqual([27, 0, 0]);
    expect(seen).toHaveLength(27);
  });

  test("a limit counts requests, not lines", async () => {
    const report = await reportOf({ limit: 15 });
    expect([report.summary.requests, report.log.requests, report.log.lines]).toEqual([15, 15, 16]);
  });

  test("the progress is told the total and every step", async () => {
    const told: (number | string)[] = [];
    let steps = 0;
    await run({ progress: { start: (total) => told.push(total), step: () => steps++, stop: () => told.push("stop") } });
    expect([told, steps]).toEqual([[27, "stop"], 27]);
  });
});

describe("trouble", () => {
  test("an edge that cuts or changes bodies is found out", async () => {
    const cut = await reportOf({ startEdge: (origin) => listen(standIn(origin, seen, (body) => body.subarray(1))) });
    expect(cut.mismatches.first[0]).toBe("GET /: 99 bytes where the origin has 100");
    const change = (body: Buffer): Buffer => Buffer.from(body.map((byte) => byte ^ 1));
    const changed = await reportOf({ startEdge: (origin) => listen(standIn(origin, seen, change)) });
    expect(changed.mismatches.first[0]).toBe("GET /: 100 bytes that are not the origin's");
  });

  test("twenty failures in a row end it", async () => {
    const report = await reportOf({ startEdge: () => listen((request) => request.socket.destroy()) });
    expect(report.end).toEqual({
      kind: "gave-up",
      problem: expect.stringMatching(/^20 requests in a row failed at http.*hang up$/),
    });
    expect([report.failures.count, report.summary.requests]).toEqual([20, 0]);
  });

  test("more than twenty failures with answers between them do not", async () => {
    const report = await reportOf({
      startEdge(origin) {
        const edge = standIn(origin, seen, (body) => body);
        const answers = (url: string): boolean => url === "/missing" || url.startsWith("/feed");
        return listen((request, response) =>
          answers(request.url ?? "") ? edge(request, response) : request.socket.destroy(),
        );
      },
    });
    expect([report.end.kind, report.failures.count, report.summary.requests]).toEqual(["complete", 23, 4]);
  });

  test("one failure on a kept connection is not one", async () => {
    let requests = 0;
    const report = await reportOf({
      startEdge(origin) {
        const edge = standIn(origin, seen, (body) => body);
        return listen((request, response) => (requests++ === 9 ? request.socket.destroy() : edge(request, response)));
      },
    });
    // The connection had been used before, so the request is repeated once on a new one.
    expect([report.end.kind, report.failures.count, report.summary.requests]).toEqual(["complete", 0, 27]);
  });

  test("a body that stops short is a failure, not a shorter answer", async () => {
    const report = await reportOf({
      limit: 1,
      startEdge: () =>
        listen((_request, response) => {
          response.writeHead(200, { "content-length": 100 });
          response.write("x", () => response.destroy());
        }),
    });
    expect([report.failures.count, report.mismatches.count]).toEqual([1, 0]);
  });

  test("an answer that never comes ends with its deadline", async () => {
    const survey = await surveyLog(file, 1);
    if (survey.kind !== "survey") throw new Error(survey.problem);
    const { catalogue } = survey;
    const edge = await listen(() => {});
    const results: ReplayedRequest[] = [];
    const signal = new AbortController().signal;
    const options = { edge: edge.url, catalogue, concurrency: 1, signal, timeoutMs: 20 };
    await replay(plannedRequests(file, 1, catalogue), { ...options, onResult: (result) => results.push(result) });
    await edge.close();
    expect(results).toMatchObject([{ kind: "failed", problem: "no whole answer within 0.02 s" }]);
  });

  test("an interruption stops at once and reports what was done", async () => {
    const interrupt = new AbortController();
    const report = await reportOf({
      signal: interrupt.signal,
      startEdge(origin) {
        const edge = standIn(origin, seen, (body) => body);
        return listen((request, response) => (seen.length === 5 ? interrupt.abort() : edge(request, response)));
      },
    });
    expect([report.end.kind, report.summary.requests, report.failures.count]).toEqual(["interrupted", 5, 0]);
  });

  test("an edge that does not start is said in a line", async () => {
    const outcome = await run({ startEdge: () => Promise.reject(new Error("port 1 is taken")) });
    expect(outcome).toEqual({ kind: "no-edge", problem: "the edge did not start: port 1 is taken" });
  });
});

describe("logs that cannot be replayed", () => {
  const table: readonly [name: string, content: string, problem: RegExp][] = [
    ["empty", "", /is empty: there is nothing to replay/],
    ["something else", '{"name": "x"}\n', /is not an access log .*: line 1 has no host/],
    ["only junk requests", `${at("-", "408 -")}\n`, /has no request that can be replayed \(lines read: 1\)/],
    ["only interim statuses", `${at("GET /", "101 -")}\n`, /has no request that can be replayed/],
  ];
  test.each(table)("%s", async (_name, content, problem) => {
    await writeFile(file, content);
    expect(await run()).toEqual({ kind: "unreadable", problem: expect.stringMatching(problem) });
  });

  const command = (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, ["cli/replay-live.ts", ...args]).catch((failure: unknown) => failure);

  test("the command says so in one line and exits with 2", async () => {
    await writeFile(file, "not a log\n");
    expect(await command(file)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^replay: [^\n]*not an access log[^\n]*\n$/),
    });
    const missing = join(folder, "none.log");
    expect(await command(missing)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^replay: [^\n]*ENOENT[^\n]*\n$/),
    });
  });

  test.each([["--port", "x"], ["--limit", "0"], ["--concurrency", "0"], ["--unknown"]])(
    "the command refuses %s %s",
    async (...option) => {
      expect(await command(file, ...option)).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/^error: [^\n]*\n$/),
      });
    },
  );
});
