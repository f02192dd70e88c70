// Proves the reading of Cache-Status, the integrity check and the report's numbers on results computed by hand.
import { describe, expect, test } from "vitest";
import { readCacheStatus } from "../../cli/replay/cache-verdict.ts";
import { checkAnswer } from "../../cli/replay/integrity.ts";
import type { PlannedRequest, Survey } from "../../cli/replay/log-plan.ts";
import type { ReplayedRequest } from "../../cli/replay/replayer.ts";
import { buildReport, printReport, type Report } from "../../cli/replay/report.ts";
import { type Catalogue, createCatalogue } from "../../cli/replay/resources.ts";
import { exitCodeOf } from "../../cli/replay/run.ts";
import { createTally } from "../../cli/replay/tally.ts";

describe("Cache-Status", () => {
  const table: readonly [field: string | undefined, expected: readonly unknown[]][] = [
    ["strata; hit; ttl=59; detail=fresh/memory", ["hit", "hit", "fresh/memory", false]],
    ["strata;hit;detail=stale-while-revalidate", ["hit", "hit", "stale-while-revalidate", false]],
    ["strata; fwd=uri-miss; stored; detail=uri-miss", ["forwarded", "fwd=uri-miss", "uri-miss", true]],
    ["strata; fwd=uri-miss; stored=?0", ["forwarded", "fwd=uri-miss", "-", false]],
    ["strata; fwd=stale; fwd-status=304; stored", ["revalidated", "fwd=stale; fwd-status=304", "-", true]],
    ["strata; fwd=stale; fwd-status=200; detail=expired", ["forwarded", "fwd=stale", "expired", false]],
    ['"strata"; hit; detail="a reason"', ["hit", "hit", "a reason", false]],
    ["origin; hit, strata; fwd=bypass, cdn; hit", ["forwarded", "fwd=bypass", "-", false]],
    ["strata; hit=?0; fwd=request", ["forwarded", "fwd=request", "-", false]],
    ["strata; detail=x", ["unknown", "neither hit nor fwd", "x", false]],
    ["(strata); hit", ["unknown", "no Cache-Status", "-", false]],
    ["other; hit", ["unknown", "no Cache-Status", "-", false]],
    ["strata; ;", ["unknown", "no Cache-Status", "-", false]],
    ["", ["unknown", "no Cache-Status", "-", false]],
    [undefined, ["unknown", "no Cache-Status", "-", false]],
  ];
  test.each(table)("%s", (field, [outcome, how, reason, stored]) => {
    expect(readCacheStatus(field)).toEqual({ outcome, how, reason, stored });
  });
});

function catalogueOf(answers: readonly (readonly [target: string, status: number, bytes: number])[]): Catalogue {
  const catalogue = createCatalogue();
  for (const [target, status, bodyBytes] of answers) {
    const entry = {
      host: "h",
      ident: undefined,
      user: undefined,
      timeMs: 0,
      zoneMinutes: 0,
      request: "",
      status,
      bodyBytes,
    };
    catalogue.add({ method: "GET", target }, { ...entry, client: undefined });
  }
  return catalogue.finish();
}

const catalogue = catalogueOf([
  ["/a.png", 200, 1000],
  ["/a.png?v=2", 200, 30],
  ["/b.png", 200, 1000],
  ["/", 200, 500],
  ["/no", 404, 40],
]);

function planned(target: string, more: Partial<PlannedRequest> = {}): PlannedRequest {
  const resource = catalogue.find("GET", target);
  if (resource === undefined) throw new Error(target);
  return { method: "GET", target, resource, referer: undefined, agent: undefined, ifNoneMatch: undefined, ...more };
}

function bodyOf(target: string): Buffer {
  return Buffer.concat([...planned(target).resource.body().chunks()]);
}

function idOf(target: string): string {
  return String(planned(target).resource.id);
}

describe("integrity", () => {
  const etag = planned("/a.png").resource.etag;
  const table: readonly [
    name: string,
    request: PlannedRequest,
    status: number,
    id: string | undefined,
    body: string | undefined,
    problem: RegExp | undefined,
  ][] = [
    ["whole", planned("/a.png"), 200, idOf("/a.png"), "/a.png", undefined],
    ["whole, unmarked", planned("/a.png"), 200, undefined, "/a.png", undefined],
    ["HEAD", planned("/a.png", { method: "HEAD" }), 200, idOf("/a.png"), undefined, undefined],
    [
      "HEAD with a body",
      planned("/a.png", { method: "HEAD" }),
      200,
      idOf("/a.png"),
      "/a.png",
      /1000 bytes where the origin has 0/,
    ],
    ["its copy is current", planned("/a.png", { ifNoneMatch: etag }), 304, undefined, undefined, undefined],
    [
      "its copy is current, yet sent",
      planned("/a.png", { ifNoneMatch: etag }),
      200,
      idOf("/a.png"),
      "/a.png",
      /status 200 where the origin has 304/,
    ],
    ["a 304 nobody asked for", planned("/a.png"), 304, undefined, undefined, /status 304/],
    ["an error of the edge", planned("/a.png"), 502, undefined, undefined, /status 502 where the origin has 200/],
    ["no body", planned("/a.png"), 200, idOf("/a.png"), undefined, /0 bytes where the origin has 1000/],
    ["another's bytes of the same length", planned("/a.png"), 200, idOf("/a.png"), "/b.png", /not the origin's/],
    ["another's answer, marked", planned("/a.png"), 200, idOf("/b.png"), "/b.png", /got the answer of \/b.png/],
    ["the same path without its query", planned("/a.png?v=2"), 200, idOf("/a.png"), "/a.png", undefined],
    [
      "the same, with the copy of the other query",
      planned("/a.png?v=2", { ifNoneMatch: etag }),
      304,
      idOf("/a.png"),
      undefined,
      undefined,
    ],
  ];
  test.each(table)("%s", (_name, request, status, resourceId, body, problem) => {
    const check = checkAnswer(catalogue, request, { status, resourceId });
    if (body !== undefined) {
      const whole = bodyOf(body);
      check.chunk(whole.subarray(0, 7));
      check.chunk(whole.subarray(7));
    }
    if (problem === undefined) expect(check.end()).toBeUndefined();
    else expect(check.end()).toMatch(problem);
  });
});

function answered(target: string, bytes: number, cacheStatus: string, mismatch?: string): ReplayedRequest {
  return {
    kind: "answered",
    planned: planned(target),
    status: 200,
    bytes,
    verdict: readCacheStatus(cacheStatus),
    mismatch,
  };
}

const MISS = "strata; fwd=uri-miss; stored; detail=uri-miss";
const HIT = "strata; hit; detail=fresh/memory";

const survey: Survey = {
  kind: "survey",
  name: "small.log",
  lines: 10,
  requests: 7,
  bad: { count: 2, first: [{ lineNumber: 3, problem: "no status and size after the request" }] },
  skipped: new Map([["junk", 1]]),
  firstMs: 0,
  lastMs: 90_000_000,
  catalogue,
};

function smallReport(more: readonly ReplayedRequest[] = []): Report {
  const tally = createTally();
  const results: readonly ReplayedRequest[] = [
    answered("/a.png", 1000, MISS),
    answered("/a.png", 1000, HIT),
    answered("/b.png", 1000, MISS),
    answered("/a.png", 1000, HIT),
    answered("/", 500, MISS),
    answered("/", 500, "strata; fwd=stale; fwd-status=304; stored; detail=revalidated"),
    answered("/no", 40, MISS),
  ];
  for (const result of [...results, ...more]) tally.add(result);
  const origin = {
    total: { requests: 5, bytes: 2540 },
    unknown: 0,
    byContentType: new Map([
      ["image/png", { requests: 2, bytes: 2000 }],
      ["text/html", { requests: 3, bytes: 540 }],
    ]),
    byTarget: new Map(),
  };
  return buildReport({
    survey,
    tally: tally.result(),
    origin,
    end: { kind: "complete" },
    durationMs: 1500,
    concurrency: 1,
  });
}

describe("the report", () => {
  test("sums and ratios", () => {
    const { summary, contentTypes, reasons, statuses } = smallReport();
    expect(summary).toEqual({
      requests: 7,
      hits: 2,
      hitRatio: 2 / 7,
      revalidated: 1,
      bytes: 5040,
      hitBytes: 2000,
      byteHitRatio: 2000 / 5040,
      originRequests: 5,
      originBytes: 2540,
      originUnknown: 0,
      durationMs: 1500,
      concurrency: 1,
    });
    expect(contentTypes).toEqual([
      {
        contentType: "image/png",
        requests: 4,
        hits: 2,
        hitRatio: 0.5,
        bytes: 4000,
        byteHitRatio: 0.5,
        originRequests: 2,
      },
      { contentType: "text/html", requests: 3, hits: 0, hitRatio: 0, bytes: 1040, byteHitRatio: 0, originRequests: 3 },
    ]);
    expect(reasons.map(({ how, reason, requests, stored, bytes }) => [how, reason, requests, stored, bytes])).toEqual([
      ["fwd=uri-miss", "uri-miss", 4, 4, 2540],
      ["hit", "fresh/memory", 2, 0, 2000],
      ["fwd=stale; fwd-status=304", "revalidated", 1, 1, 500],
    ]);
    expect(statuses).toEqual({ 200: 7 });
  });

  test("prints aligned Markdown tables and says what it assumes", () => {
    const text = printReport(smallReport());
    expect(text).toContain(
      [
        "| content type | requests | hits | hit ratio |  bytes | byte hit ratio | origin requests |",
        "| ------------ | -------: | ---: | --------: | -----: | -------------: | --------------: |",
        "| image/png    |        4 |    2 |    50.0 % | 4.0 KB |         50.0 % |               2 |",
        "| text/html    |        3 |    0 |     0.0 % | 1.0 KB |          0.0 % |               3 |",
      ].join("\n"),
    );
    for (const block of text.split("\n\n").filter((part) => part.startsWith("|"))) {
      expect(new Set(block.split("\n").map((line) => line.length)).size).toBe(1);
    }
    expect(text).toContain("Integrity: answers that differ from what the origin has: 0.");
    expect(text).toContain("line 3: no status and size after the request");
    expect(text).toContain("cannot be sent again: junk 1.");
    expect(text).toContain("the log spans 25.0 h, the replay took 1.5 s, so no longer lifetime ends");
  });

  test("survives JSON unchanged", () => {
    const report = smallReport();
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test("names the first mismatches and failures, and counts all", () => {
    const wrong = Array.from({ length: 7 }, () => answered("/b.png", 5, HIT, "5 bytes where the origin has 1000"));
    const report = smallReport([...wrong, { kind: "failed", planned: planned("/no"), problem: "ECONNRESET" }]);
    expect([report.mismatches.count, report.mismatches.first.length, report.failures.count]).toEqual([7, 5, 1]);
    expect(report.summary.requests).toBe(14);
    expect(printReport(report)).toContain("  - GET /b.png: 5 bytes where the origin has 1000");
    expect(printReport(report)).toContain("  - GET /no: ECONNRESET");
    expect(exitCodeOf(report)).toBe(1);
  });

  test("nothing answered: no ratio, no division", () => {
    const empty = { total: { requests: 0, bytes: 0 }, unknown: 0, byContentType: new Map(), byTarget: new Map() };
    const end = { kind: "gave-up", problem: "nobody answers" } as const;
    const tally = createTally().result();
    const report = buildReport({ survey, tally, origin: empty, end, durationMs: 0, concurrency: 1 });
    expect([report.summary.hitRatio, report.summary.byteHitRatio]).toEqual([null, null]);
    expect(printReport(report)).toContain("Not complete: nobody answers.");
  });

  test("exit codes", () => {
    const report = smallReport();
    expect(exitCodeOf(report)).toBe(0);
    expect(exitCodeOf({ ...report, end: { kind: "gave-up", problem: "" } })).toBe(1);
    expect(exitCodeOf({ ...report, end: { kind: "interrupted" } })).toBe(130);
  });
});
