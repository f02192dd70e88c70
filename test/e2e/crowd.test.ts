// Owns the proof, over real sockets, that a crowd asks once, and is served also where the client that asked for all of them leaves.
import { createServer, request, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import { listening } from "./support/listening.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";

const MB = 2 ** 20;
const FOLLOWERS = 20;

const asked = new Map<string, ServerResponse[]>();
let edge: OneEdge;

beforeAll(async () => {
  const server = createServer((asking, answer) => {
    const path = asking.url ?? "";
    asked.set(path, [...(asked.get(path) ?? []), answer]);
    if (path === "/probe") answer.writeHead(200, { "cache-control": "no-store" }).end();
  });
  const origin = await listening(server);
  edge = await startOneEdge({ origins: { "*": origin.url } }, [origin]);
});
afterAll(() => edge.close());

interface Client {
  /** The number of bytes received; rejects where the body broke off. */
  readonly bytes: Promise<number>;
  /** The first of it. */
  readonly begun: Promise<void>;
  leave(): Promise<void>;
}

function client(path: string): Client {
  const bytes = Promise.withResolvers<number>();
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const asking = request(edge.url + path, { headers: { host: "crowd.test" }, agent: false }, (answer) => {
    let count = 0;
    answer.on("data", (chunk: Buffer) => {
      count += chunk.length;
      begun.resolve();
    });
    answer.once("error", bytes.reject);
    answer.once("end", () => bytes.resolve(count));
  });
  asking.once("error", bytes.reject).once("close", gone.resolve).end();
  bytes.promise.catch(() => undefined);
  const leave = (): Promise<void> => {
    asking.destroy();
    return gone.promise;
  };
  return { bytes: bytes.promise, begun: begun.promise, leave };
}

/** The edge has taken everything sent before these. */
async function taken(): Promise<void> {
  for (let i = 0; i < 3; i++) await client("/probe").bytes;
}

describe("a leader that leaves", () => {
  it.each([
    ["before the header section, 2 KB", 2048],
    ["before the header section, 20 MB", 20 * MB],
    ["in the body, 2 KB", 2048],
    ["in the body, 20 MB", 20 * MB],
  ])("%s: those who wait have all of it, from the one fetch", async (when, size) => {
    const path = `/${when.replaceAll(/\W+/g, "-")}`;
    const leader = client(path);
    await until("the leader has asked", () => asked.get(path)?.length === 1);
    if (when.startsWith("before")) await leader.leave();
    const followers = Array.from({ length: FOLLOWERS }, () => client(path));
    await taken();
    const [answer] = asked.get(path) ?? [];
    answer?.writeHead(200, { "cache-control": "max-age=60", "content-length": String(size) });
    answer?.write(Buffer.alloc(size / 2, "a"));
    if (when.startsWith("in")) {
      await leader.begun;
      await leader.leave();
    }
    answer?.end(Buffer.alloc(size / 2, "b"));
    const sizes = await Promise.all(followers.map(({ bytes }) => bytes));
    expect(new Set(sizes)).toEqual(new Set([size]));
    expect(asked.get(path)).toHaveLength(1);
  });
});
