// Owns the shutdown of a server: current answers are finished, within a bound, and every connection ends after its answer.
import { once } from "node:events";
import type { Server } from "node:http";

const SWEEP_MS = 50;

/** Resolves once every connection has ended. After `graceMs` the rest are cut off. */
export async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  // A kept-alive connection that is never idle for long, such as the edge's, would keep the server open.
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
