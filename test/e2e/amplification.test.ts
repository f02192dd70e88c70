// Owns the measure, over real connections, of what an origin sends for a range of a cold object and for a client that leaves.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import { ask, begin } from "./support/asking.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";

const MB = 2 ** 20;
const SIZE = 60 * MB;
const PIECE = Buffer.alloc(64 * 1024);
/** Bytes that may lie in the buffers of two kernels and a runtime when a connection is broken off. */
const BUFFERED = 12 * MB;

let origin: Server;
let edge: OneEdge;
/** Bytes of bodies for which the origin's connections had room. */
let sent = 0;
let ended = 0;

beforeAll(async () => {
  origin = createServer((request, response) => {
    const [, first = "0", last = String(SIZE - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const length = Number(last) - Number(first) + 1;
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      "cache-control": "max-age=600",
      "content-type": "application/octet-stream",
      "content-length": String(length),
      etag: '"1"',
      ...(request.headers.range !== undefined && { "content-range": `bytes ${first}-${last}/${String(SIZE)}` }),
    });
    let left = length;
    const write = (): void => {
      while (left > 0) {
        const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
        left -= piece.length;
        sent += piece.length;
        if (!response.write(piece)) return;
      }
      response.end();
    };
    response.on("drain", write);
    response.on("close", () => (ended += 1));
    write();
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const { port } = origin.address() as AddressInfo;
  edge = await startOneEdge({ origins: { "*": `http://127.0.0.1:${String(port)}` } });
}, 120_000);

afterAll(async () => {
  await edge.close();
  origin.closeAllConnections();
  origin.close();
});

it("a byte of a cold object of 60 MB does not make the origin send it, and the next bytes cost themselves", async () => {
  const first = await ask(`${edge.url}/film`, { headers: { range: "bytes=0-0" } });
  expect([first.status, first.fields["content-range"]]).toEqual([206, `bytes 0-0/${String(SIZE)}`]);
  const before = sent;
  expect(before).toBeLessThan(BUFFERED);
  for (let i = 1; i <= 100; i++) {
    const at = String(i * 500_000);
    const next = await ask(`${edge.url}/film?${String(i)}`, { headers: { range: `bytes=${at}-${at}` } });
    expect([next.status, next.body.length]).toEqual([206, 1]);
  }
  expect(sent - before).toBe(100);
});

it("a client that leaves at once does not make the origin send the rest", async () => {
  const [before, over] = [sent, ended];
  const { answer, reached } = await begin(`${edge.url}/left`);
  await reached(1);
  answer.destroy();
  await until("the origin's connection is given up", () => ended > over);
  expect(sent - before).toBeLessThan(BUFFERED);
});
