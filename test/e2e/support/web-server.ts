// Owns a fetch handler on a socket: its answer leaves field by field, also several cookies.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { listening } from "./listening.ts";

export type Handler = (request: Request) => Response | Promise<Response>;

function requestOf(incoming: IncomingMessage): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const fields = Object.entries(headers).map(([name, value = ""]): [string, string] => [name, String(value)]);
  const hasBody = method !== "GET" && method !== "HEAD";
  // a body that the handler leaves unread must not keep the connection busy
  const body = hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {};
  return new Request(`http://${headers.host ?? "localhost"}${url}`, { method, headers: fields, ...body });
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing);
}

export function serveOnSocket(handler: Handler): ReturnType<typeof listening> {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    await send(await handler(requestOf(incoming)), outgoing);
  };
  return listening(
    createServer((incoming, outgoing) => {
      answer(incoming, outgoing).catch(() => outgoing.destroy());
    }),
  );
}
