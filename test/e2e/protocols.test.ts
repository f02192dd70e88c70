// Owns the proof, over sockets, of what passes through: WebSocket, events, bodies streamed both ways, redirects, hop-by-hop fields.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestTo, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { until } from "../cli/until.ts";
import { ask, begin } from "./support/asking.ts";
import { listening } from "./support/listening.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const handlers = new Map<string, Handler>();
const asked = new Map<string, IncomingMessage[]>();
const HOST = "shop.test";
let server: Server;
let originUrl = "";
let edge: OneEdge;

beforeAll(async () => {
  server = createServer((request, response) => {
    note(request);
    const handler = handlers.get(request.url ?? "");
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  server.on("upgrade", (request, socket) => {
    note(request);
    if (request.url === "/socket") echo(request, socket);
    else socket.end("HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 5\r\n\r\nplain");
  });
  const origin = await listening(server);
  originUrl = origin.url;
  const rules = [{ match: "/ruled/*", edge: { ttl: 60 } }];
  edge = await startOneEdge({ origins: { "*": origin.url }, rules }, [origin]);
});

afterAll(() => edge.close());

function note(request: IncomingMessage): void {
  const path = request.url ?? "";
  asked.set(path, [...(asked.get(path) ?? []), request]);
}

const fieldsAt = (path: string): IncomingMessage["headers"] => asked.get(path)?.at(-1)?.headers ?? {};

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  ask(edge.url + path, { method, headers: { host: HOST, ...headers } });

/** RFC 6455, as much as an echo needs: frames shorter than 126 bytes go back unmasked, whatever they are. */
function echo(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  socket.on("data", (frame: Buffer) => {
    for (let at = 0; at + 6 <= frame.length;) {
      const length = (frame[at + 1] ?? 0) & 0x7f;
      const mask = frame.subarray(at + 2, at + 6);
      const content = frame.subarray(at + 6, at + 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.from([frame[at] ?? 0, length]), content]));
      // the server is the first to close (RFC 6455 7.1.1)
      if (((frame[at] ?? 0) & 0x0f) === 8) socket.end();
      at += 6 + length;
    }
  });
}

describe("WebSocket", () => {
  it("speaks with the origin, each message both ways, until it is closed", async () => {
    const socket = new WebSocket(`${edge.url.replace("http", "ws")}/socket`);
    await once(socket, "open");
    for (const text of ["one", "two"]) {
      const message = once(socket, "message");
      socket.send(text);
      const [event] = (await message) as [MessageEvent<string>];
      expect(event.data).toBe(text);
    }
    const closed = once(socket, "close");
    socket.close(1000, "done");
    const [event] = (await closed) as [CloseEvent];
    expect([event.code, event.wasClean]).toEqual([1000, true]);
  });

  it("an origin that does not switch answers as it likes, and nothing of that is stored", async () => {
    const headers = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    for (let i = 1; i <= 2; i++) {
      const { status, body, said } = await get("/unswitched", headers);
      expect([status, body, said]).toEqual([200, "plain", "fwd=bypass; fwd-status=200; detail=upgrade"]);
      expect(asked.get("/unswitched")).toHaveLength(i);
    }
  });
});

describe("server-sent events", () => {
  it.each([
    ["no-cache", "/events"],
    ["max-age=60", "/events/cached"],
    ["a rule's lifetime", "/ruled/events"],
  ])(
    "each reaches its client before the next is sent; never stored, and nobody waits for another's: %s",
    async (name, path) => {
      const streams: ServerResponse[] = [];
      handlers.set(path, (_, response) => {
        const control: Record<string, string> = name.startsWith("a rule") ? {} : { "cache-control": name };
        response.writeHead(200, { "content-type": "text/event-stream", ...control });
        streams.push(response);
        response.write(`data: first of ${streams.length}\n\n`);
      });
      const url = `${edge.url}${path}`;
      const one = await begin(url, { headers: { host: HOST } });
      await one.reached(1);
      expect(one.soFar()).toBe("data: first of 1\n\n");
      // the first is still going on
      const two = await begin(url, { headers: { host: HOST } });
      await two.reached(1);
      expect(two.soFar()).toBe("data: first of 2\n\n");
      streams[0]?.write("data: second\n\n");
      await one.reached(30);
      for (const stream of streams) stream.end("data: last\n\n");
      expect((await one.whole).body).toBe("data: first of 1\n\ndata: second\n\ndata: last\n\n");
      expect((await two.whole).body).toBe("data: first of 2\n\ndata: last\n\n");
      expect((await one.whole).said).not.toContain("stored");
    },
  );

  it("a client that leaves ends the stream at the origin", async () => {
    const left = barrier();
    let stream: ServerResponse | undefined;
    handlers.set("/events/left", (_, response) => {
      stream = response;
      response
        .writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
        .write("data: 1\n\n");
      response.once("close", () => left.open());
    });
    const one = await begin(`${edge.url}/events/left`, { headers: { host: HOST } });
    await one.reached(1);
    one.answer.destroy();
    // an edge notices when there is something to send
    let isLeft = false;
    void left.passed.then(() => (isLeft = true));
    await until("the origin is left", () => {
      stream?.write("data: more\n\n");
      return isLeft;
    });
  });
});

describe("a request's body", () => {
  const CHUNK = Buffer.alloc(2 ** 20, "x");

  it.each(["with a length", "in chunks"])(
    "of 20 MB %s: the origin has its beginning before the client sends its end",
    async (manner) => {
      const begun = barrier();
      const path = `/upload/${manner.length}`;
      let received = 0;
      handlers.set(path, (request, response) => {
        request.on("data", (bytes: Buffer) => {
          received += bytes.length;
          begun.open();
        });
        request.on("end", () => response.end(String(received)));
      });
      const headers = {
        host: HOST,
        ...(manner === "in chunks" ? {} : { "content-length": String(20 * CHUNK.length) }),
      };
      const upload = requestTo(edge.url + path, { method: "POST", agent: false, headers });
      const answered = once(upload, "response") as Promise<[IncomingMessage]>;
      upload.write(CHUNK);
      await begun.passed;
      expect(received).toBeLessThan(2 * CHUNK.length);
      for (let i = 1; i < 20; i++) if (!upload.write(CHUNK)) await once(upload, "drain");
      upload.end();
      const [answer] = await answered;
      const [body] = (await once(answer.setEncoding("latin1"), "data")) as [string];
      expect([answer.statusCode, body]).toEqual([200, String(20 * CHUNK.length)]);
    },
  );

  it("an answer to POST reaches the client while it is made", async () => {
    const rest = barrier();
    handlers.set("/answer", (_, response) => {
      response.write("begin");
      void rest.passed.then(() => response.end("end"));
    });
    const coming = await begin(`${edge.url}/answer`, { method: "POST", headers: { host: HOST } }, "x");
    await coming.reached(5);
    expect(coming.soFar()).toBe("begin");
    rest.open();
    expect((await coming.whole).body).toBe("beginend");
  });

  it("an upload that breaks off breaks off at the origin, and is not repeated", async () => {
    const begun = barrier();
    const aborted = barrier();
    handlers.set("/aborted", (request) => {
      request.on("data", () => begun.open());
      request.once("error", () => aborted.open());
    });
    const upload = requestTo(`${edge.url}/aborted`, {
      method: "PUT",
      agent: false,
      headers: { host: HOST, "content-length": "100" },
    });
    upload.once("error", () => undefined);
    upload.write("half");
    await begun.passed;
    upload.destroy();
    await aborted.passed;
    expect(asked.get("/aborted")).toHaveLength(1);
  });

  it("Expect: 100-continue is not a reason to fail", async () => {
    handlers.set("/expect", (request, response) => void request.pipe(response));
    const upload = requestTo(`${edge.url}/expect`, {
      method: "POST",
      agent: false,
      headers: { host: HOST, expect: "100-continue", "content-length": "4" },
    });
    const answered = once(upload, "response") as Promise<[IncomingMessage]>;
    // RFC 9110 10.1.1: a client does not wait for ever
    upload.flushHeaders();
    await Promise.race([once(upload, "continue"), new Promise((resolve) => setTimeout(resolve, 200))]);
    upload.end("body");
    const [answer] = await answered;
    const [body] = (await once(answer.setEncoding("latin1"), "data")) as [string];
    expect([answer.statusCode, body]).toEqual([200, "body"]);
  });
});

describe("redirects", () => {
  it.each([301, 302, 303, 307, 308])(
    "a %i is never followed; the origin's own address becomes the public one",
    async (status) => {
      const cases = [
        ["elsewhere", "http://127.0.0.1:1/stolen", "http://127.0.0.1:1/stolen"],
        ["own", `${originUrl}/target?a=1#b`, `http://${HOST}/target?a=1#b`],
        ["relative", "/target", "/target"],
        ["schemeless", `${originUrl.replace("http:", "")}/target`, `http://${HOST}/target`],
      ] as const;
      for (const [name, location, expected] of cases) {
        const path = `/redirect/${status}/${name}`;
        handlers.set(path, (_, response) => response.writeHead(status, { location }).end());
        for (const method of ["GET", "POST"]) {
          const seen = await get(path, {}, method);
          expect([seen.status, seen.fields.location]).toEqual([status, expected]);
        }
      }
      expect(asked.has("/target")).toBe(false);
    },
  );
});

describe("methods", () => {
  it.each(["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY"])(
    "%s reaches the origin as it is",
    async (method) => {
      const path = `/method/${method}`;
      handlers.set(path, (request, response) => response.setHeader("x-method", request.method ?? "").end("body"));
      const seen = await get(path, {}, method);
      expect([seen.status, seen.fields["x-method"], seen.body]).toEqual([200, method, method === "HEAD" ? "" : "body"]);
    },
  );
});

describe("fields", () => {
  it("hop-by-hop, override and forged ones do not reach the origin; those of the edge do", async () => {
    handlers.set("/fields", (_, response) => response.setHeader("cache-control", "no-store").end("x"));
    for (const method of ["GET", "POST"]) {
      await get(
        "/fields",
        {
          connection: "close, x-hop",
          "x-hop": "1",
          "keep-alive": "timeout=5",
          "proxy-connection": "keep-alive",
          "proxy-authorization": "Basic eA==",
          te: "trailers",
          "x-forwarded-host": "evil.test",
          "x-forwarded-proto": "gopher",
          forwarded: "host=evil.test",
          "x-original-url": "/admin",
          "x-rewrite-url": "/admin",
          "x-http-method-override": "DELETE",
          "x-method-override": "DELETE",
          "x-real": "1",
        },
        method,
      );
      const fields = fieldsAt("/fields");
      for (const name of [
        "x-hop",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-method-override",
      ]) {
        expect([method, name, fields[name]]).toEqual([method, name, undefined]);
      }
      expect(fields).toMatchObject({
        "x-real": "1",
        "x-forwarded-host": HOST,
        "x-forwarded-proto": "http",
        forwarded: `host="${HOST}";proto=http`,
        via: expect.stringMatching(/^1\.1 strata-[\da-f]{16}$/),
        "cdn-loop": expect.stringMatching(/^strata-[\da-f]{16}$/),
      });
    }
  });

  it.each(["max-age=60", "no-store"])(
    "hop-by-hop ones and trailers of the origin do not reach the client (%s)",
    async (cacheControl) => {
      const path = `/hop/${cacheControl}`;
      handlers.set(path, (_, response) => {
        response.writeHead(200, {
          "cache-control": cacheControl,
          connection: "x-hop",
          "x-hop": "1",
          "keep-alive": "timeout=5",
          "proxy-authenticate": "Basic",
          trailer: "x-trailer",
          "x-real": "1",
        });
        response.write("body");
        response.addTrailers({ "x-trailer": "1" });
        response.end();
      });
      for (let i = 0; i < 2; i++) {
        const { answer, whole } = await begin(edge.url + path, { headers: { host: HOST } });
        const { fields, body } = await whole;
        expect([body, fields["x-real"], fields["x-hop"], fields["proxy-authenticate"], fields.trailer]).toEqual([
          "body",
          "1",
          undefined,
          undefined,
          undefined,
        ]);
        expect([fields["keep-alive"], answer.trailers]).toEqual([undefined, {}]);
      }
    },
  );

  it("two requests smuggled as one are two at most for the edge, never one more at the origin", async () => {
    handlers.set("/smuggled", (_, response) => response.end("x"));
    handlers.set("/hidden", (_, response) => response.end("x"));
    const { port } = new URL(edge.url);
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
    socket.write(
      `POST /smuggled HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\ncontent-length: 60\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`,
    );
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 (?:200|400)/);
    expect(asked.has("/hidden")).toBe(false);
  });
});
