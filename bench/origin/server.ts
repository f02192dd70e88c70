// Owns the origin of the benchmark: answers a URL with the bytes that follow from it, after the delay it names, and counts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CACHE_CONTROL, type Resource, resourceAt, slice, startOf } from "./body.ts";

const MEDIA_TYPE = { json: "application/json", html: "text/html; charset=utf-8", bin: "application/octet-stream" };
/** A thousand ask at once. */
const BACKLOG = 4096;

/** How many requests the origin has had since it was asked last: `GET /-/asked`. */
const COUNT_PATH = "/-/asked";

export function originServer(): Server {
  let asked = 0;
  // a connection is kept for longer than any pause between rounds: whoever asked on one being closed would see a failure
  return createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const path = request.url ?? "";
    if (path === COUNT_PATH) {
      response.end(String(asked));
      asked = 0;
      return;
    }
    asked += 1;
    const resource = resourceAt(path);
    if (!resource) {
      response.writeHead(404).end();
      return;
    }
    if (resource.delayMs === 0) answer(request, response, resource);
    else setTimeout(answer, resource.delayMs, request, response, resource);
  });
}

/** Resolves with the port. */
export function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function answer(_: IncomingMessage, response: ServerResponse, { path, type, bytes, policy }: Resource): void {
  const start = startOf(path);
  response.writeHead(200, {
    "content-type": MEDIA_TYPE[type],
    "content-length": String(bytes),
    "cache-control": CACHE_CONTROL[policy],
    etag: `"${String(start)}"`,
  });
  let offset = 0;
  const send = (): void => {
    while (offset < bytes) {
      const piece = slice(start, offset, bytes - offset);
      offset += piece.length;
      if (offset < bytes && !response.write(piece)) {
        response.once("drain", send);
        return;
      }
      if (offset >= bytes) response.end(piece);
    }
    if (bytes === 0) response.end();
  };
  send();
}
