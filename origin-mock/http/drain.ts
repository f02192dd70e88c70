// Owns the end of a server: what is being answered is finished, within a bound, and no connection outlives its answer.
import { once } from "node:events";
import type { Server } from "node:http";

const SWEEP_MS = 50;

/** Resolves once every connection has ended; after `graceMs` they are cut off. */
export async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  // Kept alive, a connection that is never idle for long, the edge's say, would keep the server from ever closing.
  server.prependListener("request", (_, response) => response.setHeader("Connection", "close"));
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}
