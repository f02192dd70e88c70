// Owns the proof, on the wire, that what a message says of its length and its transfer codings is believed as RFC 9112 6 has it.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask, type Seen } from "./support/asking.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";
import { message, sends, sendsAndEnds, startTcpOrigin, type TcpOrigin } from "./support/tcp-origin.ts";

let origin: TcpOrigin;
let edge: OneEdge;

beforeAll(async () => {
  origin = await startTcpOrigin();
  edge = await startOneEdge({ origins: { "*": origin.url } }, [origin]);
});

afterAll(() => edge.close());

const get = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Seen> =>
  ask(edge.url + path, { method, headers: { host: "shop.test", ...headers } });

const CHUNKED = "5\r\nhello\r\n0\r\n\r\n";
const head = (fields: string): string => `HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n${fields}\r\n`;

it.each([
  ["shorter", "content-length: 3\r\ntransfer-encoding: chunked\r\n"],
  ["longer", "transfer-encoding: chunked\r\ncontent-length: 50\r\n"],
  ["in capitals", "Content-Length: 3\r\nTransfer-Encoding: Chunked\r\n"],
])("6.3: a length beside chunked is neither believed, nor delivered, nor stored: %s", async (name, fields) => {
  const path = `/both/${name.replaceAll(" ", "-")}`;
  origin.script(path, sends(head(fields) + CHUNKED));
  const first = await get(path);
  expect([first.body, first.isBroken, first.fields["content-length"]]).toEqual(["hello", false, undefined]);
  const second = await get(path);
  expect([second.body, second.fields["x-cache"], second.fields["content-length"]]).toEqual(["hello", "HIT", "5"]);
  expect((await get(path, {}, "HEAD")).fields["content-length"]).toBe("5");
  expect((await get(path, { range: "bytes=3-4" })).fields["content-range"]).toBe("bytes 3-4/5");
});

it("6.3: nor is it delivered where nothing is stored", async () => {
  const fields = "content-length: 3\r\ntransfer-encoding: chunked\r\n";
  origin.script("/both/passed", sends(head(fields).replace("max-age=60", "no-store") + CHUNKED));
  for (const method of ["GET", "POST"]) {
    const { body, fields: seen } = await get("/both/passed", {}, method);
    expect([body, seen["content-length"]]).toEqual(["hello", undefined]);
  }
});

it.each([
  ["gzip", "hello"],
  ["gzip, chunked", CHUNKED],
  ["foo-1", "hello"],
])("6.1: a body in the transfer coding %s is not stored", async (coding, body) => {
  const path = `/coding/${coding.replace(", ", "-")}`;
  origin.script(path, sendsAndEnds(head(`transfer-encoding: ${coding}\r\n`) + body));
  for (let i = 1; i <= 2; i++) {
    expect((await get(path)).said).toContain("detail=uri-miss/transfer-coding");
    expect(origin.asked(path)).toHaveLength(i);
  }
});

it.each([
  ["shorter", "01234", "0-9"],
  ["shorter, in the middle", "01234", "3-9"],
  ["longer", "0123456789", "0-4"],
])("RFC 9110 15.3.7: a 206 %s than its Content-Range is not kept", async (name, body, range) => {
  const path = `/part/${name.replaceAll(/\W+/g, "-")}`;
  const fields = { "cache-control": "max-age=60", etag: '"a"', "content-range": `bytes ${range}/100` };
  origin.script(path, sends(message(body, fields, "206 Partial Content")));
  for (let i = 1; i <= 2; i++) {
    const { status, said } = await get(path, { range: `bytes=${range}` });
    expect([status, said]).toEqual([206, expect.not.stringContaining("stored")]);
    expect(origin.asked(path)).toHaveLength(i);
  }
});
