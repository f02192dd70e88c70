// Proves that a server ends: after the answers it owes, however busy its connections are, and in bounded time.
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { drain } from "../../../origin-mock/http/drain.ts";

const GRACE_MS = 60_000;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const listen = async (answer: (response: ServerResponse) => void): Promise<number> => {
  server = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return address.port;
};
const ask = async (port: number): Promise<IncomingMessage> => {
  const [response]: IncomingMessage[] = await once(get({ host: "127.0.0.1", port, agent }), "response");
  if (response === undefined) throw new Error("no answer");
  return response;
};
const ending = (graceMs = GRACE_MS): Promise<void> =>
  server === undefined ? Promise.reject(new Error("there is no server")) : drain(server, graceMs);

test("what is being answered is answered, and its connection ends behind it", async () => {
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const port = await listen((response) => {
    asked.resolve();
    void gate.promise.then(() => response.end("whole"));
  });
  const answer = ask(port);
  await asked.promise;
  const ended = ending();
  gate.resolve();
  const chunks: string[] = [];
  for await (const chunk of await answer) chunks.push(String(chunk));
  expect(chunks.join("")).toBe("whole");
  const startMs = performance.now();
  await ended;
  // Node would keep it for five seconds, and for as long as it is used.
  expect(performance.now() - startMs).toBeLessThan(4_000);
});

test("a connection that is always used is told to close by its next answer", async () => {
  let [requests, closing] = [0, false];
  const port = await listen((response) => {
    requests += 1;
    response.end("x");
  });
  let ended = Promise.resolve();
  const fields: unknown[] = [];
  try {
    for (;;) {
      const response = await ask(port);
      fields.push(response.headers.connection);
      if (requests === 3 && !closing) {
        closing = true;
        ended = ending();
      }
      response.resume();
      await once(response, "end");
    }
  } catch {
    // Refused: nobody listens any more.
  }
  await ended;
  expect(fields.slice(0, 3)).toEqual(["keep-alive", "keep-alive", "keep-alive"]);
  expect(requests).toBeLessThan(6);
});

test("whoever does not take an answer is cut off in the end", async () => {
  const port = await listen((response) => void response.write("the beginning"));
  const response = await ask(port);
  await ending(1);
  await expect(once(response.resume(), "end")).rejects.toThrow();
});
