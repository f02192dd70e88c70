// Owns the proof, over sockets, that an edge whose origin is itself refuses the request at its second sight, and that two deployments may stand in a row.
import { createServer, type IncomingMessage, request as requestTo, type ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";
import { ask } from "./support/asking.ts";
import { listening } from "./support/listening.ts";

type Listening = Awaited<ReturnType<typeof listening>>;

const log = (): void => undefined;
const start = (origin: string, count = 1): Promise<Edges> =>
  startEdges({ count, port: 0, origin, token: "e2e-token", log });

let origin: Listening;
let proxy: Listening;
let inner: Edges;
let outer: Edges;
let looped: Edges;
let target = "";
let proxied: string[] = [];

/** Hands every request on, as it came. */
function handOn(request: IncomingMessage, response: ServerResponse): void {
  proxied.push(`${request.method} ${request.url}`);
  const { method, url: path, headers } = request;
  const next = requestTo(target, { method, path, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(response);
  });
  request.pipe(next);
}

beforeAll(async () => {
  const shop = createServer((request, response) => {
    response.writeHead(200, { "cache-control": "max-age=60", "content-type": "text/plain" });
    response.end(request.headers["cdn-loop"] ?? "");
  });
  [origin, proxy] = await Promise.all([listening(shop), listening(createServer(handOn))]);
  inner = await start(origin.url);
  outer = await start(inner.urls[0] ?? "");
  looped = await start(proxy.url, 2);
});

afterAll(async () => {
  await Promise.all([inner, outer, looped].map((edges) => edges.close()));
  await Promise.all([origin, proxy].map((server) => server.close()));
});

it.each(["GET", "POST"])("an edge in front of another deployment's edge is no loop: %s", async (method) => {
  const { status, body } = await ask(`${outer.urls[0]}/chain`, { method });
  const names = body.split(", ");
  expect([status, names.length, new Set(names).size]).toEqual([200, 2, 2]);
  for (const name of names) expect(name).toMatch(/^strata-[\da-f]{16}$/);
});

it.each(["GET", "HEAD", "POST", "DELETE"])(
  "an edge that is its own origin is asked once more, and refuses: %s",
  async (method) => {
    for (const back of looped.urls) {
      [target, proxied] = [back, []];
      const { status } = await ask(`${looped.urls[0]}/loop`, { method });
      // the other edge of one deployment knows the name as well
      expect([status, proxied]).toEqual([508, [`${method} /loop`]]);
    }
  },
);
