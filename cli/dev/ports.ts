// Owns the questions asked of loopback ports: is this one free, and which one is.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { devError } from "./error.ts";

/** Rejects with one clear line when somebody listens on the port already. `option` is the flag that chooses another. */
export async function assertPortFree(host: string, port: number, option: string): Promise<void> {
  try {
    await listenOnce(host, port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      const why = "another program listens on it; stop that one or choose another with";
      throw devError("PortTakenError", `port ${port} is already in use: ${why} ${option} N`, error);
    }
    if (code === "EACCES") {
      throw devError("PortTakenError", `port ${port} may not be opened: choose one above 1023 with ${option} N`, error);
    }
    throw error;
  }
}

/** Below what the kernels hand out to `listen(0)` and to outgoing connections: nobody is given it by chance before we use it. */
const LOWEST = 10_000;
const HIGHEST = 32_000;
const ATTEMPTS = 20;

/** A port that was free a moment ago, and that only another caller of this could take meanwhile. */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    try {
      // one after the other: the first that is free will do
      return await listenOnce(host, port);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
