// Owns the proof that a run fails when an answer is wrong in any byte, and counts latency from when a request was due.
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type Job, perform } from "../../bench/load/jobs.ts";
import { bodyOf, resourceAt, resourcePath } from "../../bench/origin/body.ts";
import { listening, originServer } from "../../bench/origin/server.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function addressOf(server: Server) {
  servers.push(server);
  return { host: "127.0.0.1", port: await listening(server) };
}

const PATH = resourcePath({ type: "json", bytes: 100_000, delayMs: 0, policy: "day" }, "object");

function right(): Buffer {
  const resource = resourceAt(PATH);
  if (!resource) throw new Error("no URL of the benchmark");
  return Buffer.from(bodyOf(resource));
}

/** The right body with one bit turned. */
function changedAt(offset: number): Buffer {
  const body = right();
  body[offset] = (body[offset] ?? 0) ^ 1;
  return body;
}

const answer =
  (status: number, body: Buffer, fields: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { "content-length": String(body.length), ...fields }).end(body);

describe("a load", () => {
  it.each<readonly [string, (address: Awaited<ReturnType<typeof addressOf>>) => Job, number]>([
    [
      "closed loop",
      (address) => ({ kind: "closed-loop", address, path: PATH, connections: 4, until: { requests: 40 } }),
      40,
    ],
    [
      "closed loop of new URLs",
      (address) => ({
        kind: "closed-loop",
        address,
        path: PATH,
        connections: 4,
        until: { requests: 40 },
        isEachNew: true,
      }),
      40,
    ],
    ["open loop", (address) => ({ kind: "open-loop", address, path: PATH, perSecond: 2000, requests: 40 }), 40],
    ["burst", (address) => ({ kind: "burst", address, path: PATH, connections: 100 }), 100],
  ])("asks as often as it should and takes right answers: %s", async (_, jobOf, due) => {
    const address = await addressOf(originServer());
    const result = await perform(jobOf(address));
    expect(result.elapsedMs).toBeGreaterThan(0);
    expect(result.answered).toBe(due);
    expect(await (await fetch(`http://127.0.0.1:${String(address.port)}/-/asked`)).text()).toBe(String(due));
  });

  it.each<readonly [string, RequestListener, RegExp]>([
    ["another status", answer(203, right()), /status 203/],
    ["another length", answer(200, right().subarray(1)), /Content-Length 99999 where 100000 bytes are due/],
    ["a wrong first byte", answer(200, changedAt(0)), /a wrong byte/],
    ["a wrong byte inside", answer(200, changedAt(65_522)), /a wrong byte/],
    ["a wrong last byte", answer(200, changedAt(99_999)), /a wrong byte/],
    [
      "fewer bytes, chunked",
      (_, response) =>
        void response.writeHead(200, { "transfer-encoding": "chunked" }).end(right().subarray(0, 99_999)),
      /99999 bytes of 100000/,
    ],
    [
      "a body that breaks off",
      (_, response) => {
        response.writeHead(200, { "content-length": "100000" });
        response.write(right().subarray(0, 10), () => response.destroy());
      },
      /closed|ECONNRESET/,
    ],
  ])("fails on %s", async (_, listener, problem) => {
    const address = await addressOf(createServer(listener));
    const asked = { address, path: PATH, connections: 2 };
    await expect(perform({ kind: "closed-loop", ...asked, until: { requests: 4 } })).rejects.toThrow(problem);
    await expect(perform({ kind: "burst", ...asked })).rejects.toThrow(problem);
    await expect(perform({ kind: "open-loop", address, path: PATH, perSecond: 1000, requests: 2 })).rejects.toThrow(
      /status|bytes|byte|closed|ECONNRESET/,
    );
  });

  it("fails on an answer that does not say what the row depends on", async () => {
    const address = await addressOf(createServer(answer(200, right(), { "cache-status": "strata; fwd=uri-miss" })));
    const job = { kind: "closed-loop", address, path: PATH, connections: 1, until: { requests: 1 } } as const;
    await expect(perform({ ...job, says: "detail=fresh/memory" })).rejects.toThrow(/does not say detail=fresh/);
    await expect(perform({ ...job, says: "fwd=uri-miss" })).resolves.toBeDefined();
  });

  it("counts latency from when a request was due, not from when it could be sent", async () => {
    // nobody is answered before the last has asked
    const waiting: (() => void)[] = [];
    const address = await addressOf(
      createServer((_, response) => {
        const body = Buffer.from(bodyOf(resourceAt(_.url ?? "") ?? { path: "", bytes: 0 }));
        waiting.push(() => response.writeHead(200, { "content-length": String(body.length) }).end(body));
        if (waiting.length === 30) for (const release of waiting) release();
      }),
    );
    const { latenciesMs } = await perform({ kind: "open-loop", address, path: PATH, perSecond: 500, requests: 30 });
    expect(latenciesMs).toHaveLength(30);
    // 29 gaps of 2 ms lie between the first and the last
    expect(Math.max(...latenciesMs)).toBeGreaterThanOrEqual(58);
  });
});
