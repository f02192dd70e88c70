// Owns the origin server of a replay: it answers every target of the log as its catalogue says. What is faithful and what is not
// stands in resources.ts. It keeps no order: the same request always gets the same answer.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Catalogue, Resource } from "./resources.ts";

/** Names the resource an answer was made from; a cache keeps it, so a reader can check every copy against its source. */
export const RESOURCE_HEADER = "x-replay-resource";

export interface OriginCount {
  readonly requests: number;
  readonly bytes: number;
}

export interface OriginCounts {
  readonly total: OriginCount;
  /** Requests for paths the log does not have; answered 404. */
  readonly unknown: number;
  readonly byContentType: ReadonlyMap<string, OriginCount>;
  readonly byTarget: ReadonlyMap<string, OriginCount>;
}

export interface LogOrigin {
  readonly url: string;
  counts(): OriginCounts;
  close(): Promise<void>;
}

/** @param options.port 0, the default, takes a free one. Listens on loopback only. */
export async function startLogOrigin(catalogue: Catalogue, options: { port?: number } = {}): Promise<LogOrigin> {
  const ledger = createLedger();
  const server = createServer((request, response) => {
    request.resume();
    const resource = catalogue.find(request.method ?? "GET", request.url ?? "/");
    const record = ledger.open(resource);
    if (resource === undefined) {
      response.writeHead(404, { "cache-control": "no-store", "content-length": 0 }).end();
      return;
    }
    // A client that goes away mid-body is its own business; anything else would surface as a mismatch at the reader.
    answer(request, response, resource, catalogue.lastModifiedMs, record).catch(() => response.destroy());
  });
  // Longer than any pause of a replay, so that a reused connection is never closed under a request.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts: ledger.counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  resource: Resource,
  lastModifiedMs: number,
  record: (bytes: number) => void,
): Promise<void> {
  for (const [name, value] of headersOf(resource, lastModifiedMs)) response.setHeader(name, value);
  if (isUnchanged(request, resource, lastModifiedMs)) {
    response.writeHead(304).end();
    return;
  }
  if (resource.status !== 204) response.setHeader("content-length", resource.bodyBytes);
  response.statusCode = resource.status;
  if (request.method === "HEAD" || resource.bodyBytes === 0) {
    response.end();
    return;
  }
  await pipeline(Readable.from(counted(resource, record), { objectMode: false }), response);
}

function* counted(resource: Resource, record: (bytes: number) => void): Generator<Buffer> {
  for (const chunk of resource.body().chunks()) {
    record(chunk.length);
    yield chunk;
  }
}

function* headersOf(resource: Resource, lastModifiedMs: number): Generator<[string, string]> {
  yield ["cache-control", resource.cacheControl];
  yield ["content-type", resource.contentType];
  yield [RESOURCE_HEADER, String(resource.id)];
  if (resource.etag !== undefined) {
    yield ["etag", resource.etag];
    yield ["last-modified", new Date(lastModifiedMs).toUTCString()];
  }
  if (resource.status >= 300 && resource.status < 400) yield ["location", redirectOf(resource.target)];
}

/** The log does not say where redirects lead: a missing slash is what most of them repair. */
function redirectOf(target: string): string {
  const path = target.split("?", 1)[0] ?? "/";
  return path.endsWith("/") ? "/" : `${path}/`;
}

/** RFC 9110 13.2.2: If-None-Match decides alone when it is there. */
function isUnchanged(request: IncomingMessage, resource: Resource, lastModifiedMs: number): boolean {
  if (resource.etag === undefined || (request.method !== "GET" && request.method !== "HEAD")) return false;
  const ifNoneMatch = request.headers["if-none-match"];
  if (ifNoneMatch !== undefined) {
    const listed: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
    return ifNoneMatch.trim() === "*" || listed.includes(resource.etag);
  }
  const ifModifiedSince = Date.parse(request.headers["if-modified-since"] ?? "");
  return ifModifiedSince >= Math.floor(lastModifiedMs / 1000) * 1000;
}

function createLedger(): { open(resource: Resource | undefined): (bytes: number) => void; counts(): OriginCounts } {
  const total = { requests: 0, bytes: 0 };
  const byContentType = new Map<string, { requests: number; bytes: number }>();
  const byTarget = new Map<string, { requests: number; bytes: number }>();
  let unknown = 0;
  return {
    open(resource) {
      const counts = [total];
      if (resource === undefined) unknown++;
      else counts.push(counterIn(byContentType, resource.contentType), counterIn(byTarget, resource.target));
      for (const count of counts) count.requests++;
      return (bytes) => {
        for (const count of counts) count.bytes += bytes;
      };
    },
    counts: () => ({ total, unknown, byContentType, byTarget }),
  };
}

function counterIn(
  counters: Map<string, { requests: number; bytes: number }>,
  key: string,
): { requests: number; bytes: number } {
  const counter = counters.get(key) ?? { requests: 0, bytes: 0 };
  counters.set(key, counter);
  return counter;
}
