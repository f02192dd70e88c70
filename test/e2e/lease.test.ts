// Owns the proof that real edges that share KV and the leases ask the origin once, and that one whose fetch hangs holds up no other.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";
import { bounded } from "./support/bounded.ts";
import { listening } from "./support/listening.ts";

const EACH = 50;
/** Long enough that no answer of these origins takes it by itself. */
const LEASE_WAIT_MS = 3000;

let directory: string;
let origin: Awaited<ReturnType<typeof listening>>;
let edges: Edges;
const log: string[] = [];
/** Every request the origin got: path, and the answer that is still to be given. */
const asked: { readonly path: string; readonly answer: ServerResponse }[] = [];
const askedFor = (path: string): readonly ServerResponse[] =>
  asked.filter((one) => one.path === path).map(({ answer }) => answer);

function give(answer: ServerResponse | undefined, cacheControl = "max-age=600"): void {
  answer?.writeHead(200, { "cache-control": cacheControl, "content-type": "text/plain" }).end("once");
}

const server = createServer((asking, answer) => {
  const path = asking.url ?? "";
  asked.push({ path, answer });
  if (path.startsWith("/probe")) give(answer, "no-store");
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-lease-"));
  const config = join(directory, "site.ts");
  await writeFile(
    config,
    `import { defineSite } from "strata";
     export default defineSite({ rules: [{ match: "/leased/*", collapse: "global" }] });`,
  );
  origin = await listening(server);
  edges = await startEdges({
    count: 2,
    port: 0,
    origin: origin.url,
    config,
    token: "t",
    log: (line) => void log.push(line),
    ...bounded({ leaseMs: LEASE_WAIT_MS }),
  });
}, 120_000);

afterAll(async () => {
  await edges.close();
  server.closeAllConnections();
  await origin.close();
  await rm(directory, { recursive: true, force: true });
});

/** Under one name: the host is part of the key. */
function text(edge: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(`${String(edges.urls[edge])}${path}`, { headers: { host: "shop.test" }, agent: false });
    asking.on("error", reject);
    asking.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("error", reject).on("end", () => resolve(body));
    });
    asking.end();
  });
}

const many = (edge: number, path: string): Promise<string>[] => Array.from({ length: EACH }, () => text(edge, path));
const ONCE = Array.from({ length: EACH }, () => "once");

/** The edges have taken everything sent before these. */
async function taken(): Promise<void> {
  await Promise.all([0, 1].map((edge) => text(edge, "/probe")));
}

describe("50 requests on each of two edges for one cold key", () => {
  it("make one origin request where the rule collapses them", async () => {
    for (let round = 0; round < 10; round++) {
      const path = `/leased/cold-${String(round)}`;
      const all = [0, 1].map((edge) => Promise.all(many(edge, path)));
      await expect.poll(() => askedFor(path).length, { timeout: 10_000 }).toBe(1);
      await taken();
      give(askedFor(path)[0]);
      expect(await Promise.all(all)).toEqual([ONCE, ONCE]);
      expect(askedFor(path)).toHaveLength(1);
    }
    expect(log.filter((line) => line.includes("leases"))).toEqual([]);
  });

  it("make one also where the origin answers at once", async () => {
    const path = "/leased/quick";
    server.on("request", ({ url }) => {
      if (url === path) give(askedFor(path).at(-1));
    });
    const all = [0, 1].map((edge) => Promise.all(many(edge, path)));
    expect(await Promise.all(all)).toEqual([ONCE, ONCE]);
    expect(askedFor(path)).toHaveLength(1);
  });

  it("make two where it does not", async () => {
    const path = "/plain";
    const all = [0, 1].map((edge) => Promise.all(many(edge, path)));
    await expect.poll(() => askedFor(path).length, { timeout: 10_000 }).toBe(2);
    await taken();
    for (const answer of askedFor(path)) give(answer);
    expect(await Promise.all(all)).toEqual([ONCE, ONCE]);
    expect(askedFor(path)).toHaveLength(2);
  });

  it("that may not be shared queue nowhere", async () => {
    const path = "/leased/private";
    const first = text(0, path);
    await expect.poll(() => askedFor(path).length, { timeout: 10_000 }).toBe(1);
    const second = many(1, path);
    await taken();
    give(askedFor(path)[0], "private");
    expect(await first).toBe("once");
    await expect.poll(() => askedFor(path).length, { timeout: 10_000 }).toBe(1 + EACH);
    for (const answer of askedFor(path)) if (!answer.headersSent) give(answer, "private");
    expect(await Promise.all(second)).toEqual(ONCE);
  });
});

describe("an edge whose fetch hangs", () => {
  it("holds up the other no longer than the wait: that one then asks for itself, once", async () => {
    const path = "/leased/hanging";
    const hanging = text(0, path);
    await expect.poll(() => askedFor(path).length, { timeout: 10_000 }).toBe(1);
    const others = Promise.all(many(1, path));
    await expect.poll(() => askedFor(path).length, { timeout: 30_000 }).toBe(2);
    give(askedFor(path)[1]);
    expect(await others).toEqual(ONCE);
    expect(askedFor(path)).toHaveLength(2);
    give(askedFor(path)[0]);
    expect(await hanging).toBe("once");
  });
});
