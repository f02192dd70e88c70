// Owns the proof that one request id and one trace lead from a client to the origin, and that every answer tells how it came about.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";
import { until } from "../cli/until.ts";
import { ask, type Seen } from "./support/asking.ts";
import { listening } from "./support/listening.ts";

const PARENT = "b7ad6b7169203331";
const LONG = { "cache-control": "max-age=3600", "server-timing": "db;dur=5" };
/** Stale on arrival: no test has to wait for it. */
const REFRESHED = { "cache-control": "max-age=1, stale-while-revalidate=600", age: "5" };

interface Question {
  readonly id: unknown;
  readonly trace: string;
  readonly span: string;
  readonly state: unknown;
}

type Script = (answer: ServerResponse, request: IncomingMessage) => void;

const scripts = new Map<string, Script>();
const asked = new Map<string, Question[]>();
const server = createServer((request, answer) => {
  const path = request.url ?? "";
  const { traceparent = "", tracestate, "x-request-id": id } = request.headers;
  const [, trace = "", span = ""] = String(traceparent).split("-");
  asked.set(path, [...(asked.get(path) ?? []), { id, trace, span, state: tracestate }]);
  (scripts.get(path) ?? sends(LONG))(answer, request);
});
const sends =
  (fields: Record<string, string>, status = 200): Script =>
  (answer) =>
    answer.writeHead(status, fields).end("body");
const questions = (path: string): readonly Question[] => asked.get(path) ?? [];

let directory: string;
let origin: Awaited<ReturnType<typeof listening>>;
let edges: Edges;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-trace-"));
  const config = join(directory, "site.ts");
  await writeFile(config, `import { defineSite } from "strata";\nexport default defineSite({ serverTiming: true });`);
  origin = await listening(server);
  const log = (): void => undefined;
  edges = await startEdges({ count: 2, port: 0, origin: origin.url, config, token: "t", log });
}, 120_000);

afterAll(async () => {
  await edges.close();
  server.closeAllConnections();
  await origin.close();
  await rm(directory, { recursive: true, force: true });
});

let clients = 0;

/** Each client has an id and a trace of its own. */
async function visit(path: string, { edge = 0, method = "GET", only = false } = {}) {
  clients += 1;
  const id = `client-${String(clients)}`;
  const trace = clients.toString(16).padStart(32, "a");
  const headers = {
    host: "shop.test",
    "x-request-id": id,
    traceparent: `00-${trace}-${PARENT}-01`,
    tracestate: "client=1",
    ...(only && { "cache-control": "only-if-cached" }),
  };
  const seen = await ask(`${String(edges.urls[edge])}${path}`, { method, headers });
  // whatever it is answered with
  expect(seen.fields["x-request-id"]).toBe(id);
  expect(seen.fields["traceparent"]).toBeUndefined();
  return { seen, client: { id, trace, state: "client=1" } };
}

const timing = ({ fields }: Seen): unknown => fields["server-timing"];

describe("the origin hears of", () => {
  it("the client that missed: its id, its trace, a span of the edge's; and of no one that hits", async () => {
    const { client } = await visit("/miss");
    for (let i = 0; i < 3; i++) expect((await visit("/miss")).seen.said).toContain("fresh/memory");
    expect(questions("/miss")).toMatchObject([client]);
    expect(questions("/miss")[0]?.span).toMatch(/^[0-9a-f]{16}$/);
    expect(questions("/miss")[0]?.span).not.toBe(PARENT);
  });

  it("the client that found it stale, in the background", async () => {
    scripts.set("/swr", sends(REFRESHED));
    await visit("/swr");
    const { seen, client } = await visit("/swr");
    expect(seen.said).toContain("stale-while-revalidate/memory");
    await until("it is refreshed", () => questions("/swr").length >= 2);
    expect(questions("/swr")[1]).toMatchObject(client);
    expect(questions("/swr")[1]?.span).not.toBe(questions("/swr")[0]?.span);
  });

  it("the first of many that miss at once", async () => {
    const held: ServerResponse[] = [];
    scripts.set("/crowd", (answer) => void held.push(answer));
    const leader = visit("/crowd");
    await until("it is asked", () => held.length > 0);
    const others = Array.from({ length: 20 }, () => visit("/crowd"));
    // they have arrived when one that came after them is answered
    await visit("/after");
    held[0]?.writeHead(200, LONG).end("body");
    const all = await Promise.all([leader, ...others]);
    expect(questions("/crowd")).toHaveLength(1);
    expect(questions("/crowd")[0]).toMatchObject((await leader).client);
    expect(all.every(({ seen }) => seen.status === 200)).toBe(true);
  });

  it("one trace, and two spans, where it had to be asked twice", async () => {
    let times = 0;
    scripts.set("/retry", (answer, { socket }) => {
      times += 1;
      if (times === 1) socket.destroy();
      else answer.writeHead(200, LONG).end("body");
    });
    const { seen, client } = await visit("/retry");
    expect(seen.status).toBe(200);
    expect(questions("/retry")).toMatchObject([client, client]);
    expect(new Set(questions("/retry").map(({ span }) => span)).size).toBe(2);
  });

  it("a request that passes by", async () => {
    const { client } = await visit("/post", { method: "POST" });
    expect(questions("/post")).toMatchObject([client]);
  });

  it("a trace that begins here, where a client has none", async () => {
    const { fields } = await ask(`${String(edges.urls[0])}/none`, { headers: { tracestate: "client=1" } });
    const [first] = questions("/none");
    expect(first).toMatchObject({ id: fields["x-request-id"], state: undefined });
    expect(first?.trace).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  });
});

describe("Server-Timing", () => {
  it("names the tier that answered, and the origin's own steps only where it was asked", async () => {
    expect(timing((await visit("/tiers")).seen)).toMatch(
      /^strata;desc="uri-miss";dur=\d+, (?:strata-purges;dur=\d+, )?strata-lookup;dur=\d+, strata-origin;dur=\d+, db;dur=5$/,
    );
    expect(timing((await visit("/tiers")).seen)).toMatch(
      /^strata;desc="fresh\/memory";dur=\d+(?:, strata-purges;dur=\d+)?$/,
    );
    const inGlobal = await until("the other edge finds it in KV", async () => {
      // which then asks nobody itself
      const { seen } = await visit("/tiers", { edge: 1, only: true });
      return seen.status === 200 && timing(seen);
    });
    expect(inGlobal).toMatch(
      /^strata;desc="fresh\/global";dur=\d+, (?:strata-purges;dur=\d+, )?strata-lookup;dur=\d+$/,
    );
  });

  it("names the colo, where memory is new", async () => {
    await visit("/colo");
    const inColo = await until("it is in the colo", async () => {
      await edges.restart();
      const { seen } = await visit("/colo");
      return String(timing(seen)).includes("fresh/colo") ? timing(seen) : undefined;
    });
    expect(inColo).toMatch(/^strata;desc="fresh\/colo";dur=\d+, (?:strata-purges;dur=\d+, )?strata-lookup;dur=\d+$/);
  });

  it.each([
    ["what is stale", "/stale", "GET", [REFRESHED], 'strata;desc="stale-while-revalidate/memory"'],
    [
      "what stands in",
      "/stand-in",
      "GET",
      [{ "cache-control": "max-age=1, stale-if-error=600", age: "5" }],
      'strata;desc="stale/stale-if-error"',
    ],
    ["what passes by", "/pass", "POST", [LONG], 'strata;desc="method"'],
  ])("is told of %s", async (_, path, method, [fields], own) => {
    scripts.set(path, sends(fields ?? {}));
    await visit(path, { method });
    scripts.set(path, sends(path === "/stand-in" ? {} : (fields ?? {}), path === "/stand-in" ? 503 : 200));
    expect(String(timing((await visit(path, { method })).seen))).toContain(own);
  });

  it("is told of a failure", async () => {
    scripts.set("/gone", (_, { socket }) => socket.destroy());
    const { seen } = await visit("/gone");
    expect([seen.status, timing(seen)]).toEqual([
      502,
      expect.stringMatching(/^strata;desc="uri-miss\/origin-unreachable";dur=\d+, .*strata-origin;dur=\d+$/),
    ]);
  });
});
