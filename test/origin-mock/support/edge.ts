// Owns a fake edge on loopback: records the purges it is sent, and answers as told.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

export type Purge = { readonly authorization: string | undefined; readonly path: string; readonly body: unknown };
export type FakeEdge = {
  readonly url: string;
  readonly purges: Purge[];
  /** The headers of each, in the same order. */
  readonly headers: IncomingHttpHeaders[];
  /** Called when a purge arrives; the default answers a receipt. */
  answer: (response: ServerResponse) => void | Promise<void>;
  close(): Promise<void>;
};

export const receipt = (response: ServerResponse): void => {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ seq: 7, maxLagMs: 1_000 }));
};

export const createFakeEdge = async (): Promise<FakeEdge> => {
  const purges: Purge[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    purges.push({ authorization: request.headers.authorization, path: `${request.method} ${request.url}`, body });
    headers.push(request.headers);
    await edge.answer(response);
  };
  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const edge: FakeEdge = {
    url: `http://127.0.0.1:${address.port}`,
    purges,
    headers,
    answer: receipt,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return edge;
};
