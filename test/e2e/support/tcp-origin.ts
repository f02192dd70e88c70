// Owns an origin made of bytes: each path does to its connection exactly what a test scripts, and every request is counted.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** One request on its connection. The script's bytes go out as they are. */
export interface Arrived {
  readonly method: string;
  /** Header section, request line included, in lower case. */
  readonly head: string;
  send(bytes: string | Buffer): void;
  /** Half-closes: the answer ends here. */
  end(): void;
  /** The connection ends without a word of goodbye (RST). */
  reset(): void;
  /** The edge has let go of the connection. */
  readonly left: Promise<void>;
}

export type Script = (request: Arrived) => void;

export interface TcpOrigin {
  readonly url: string;
  /** From now on the n-th request for `path` meets the n-th script; the last one goes on. */
  script(path: string, ...scripts: readonly Script[]): void;
  /** The header sections of all requests for `path`, the oldest first. */
  asked(path: string): readonly string[];
  /** How many connections there have been. */
  connections(): number;
  close(): Promise<void>;
}

export async function startTcpOrigin(): Promise<TcpOrigin> {
  const scripts = new Map<string, Script[]>();
  const asked = new Map<string, string[]>();
  const open = new Set<Socket>();
  let connections = 0;

  const answer = (socket: Socket, head: string, left: Promise<void>): void => {
    const [method = "", target = ""] = head.split(" ");
    const path = target.split("?")[0] ?? "";
    asked.set(path, [...(asked.get(path) ?? []), head.toLowerCase()]);
    const [script, ...later] = scripts.get(path) ?? [];
    if (script === undefined) throw new Error(`no script for ${path}`);
    if (later.length > 0) scripts.set(path, later);
    script({
      method,
      head: head.toLowerCase(),
      left,
      send: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
    });
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1;
    open.add(socket);
    const left = Promise.withResolvers<void>();
    socket.on("close", () => {
      open.delete(socket);
      left.resolve();
    });
    socket.on("error", () => left.resolve());
    socket.on("end", () => {
      left.resolve();
      socket.end();
    });
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      // requests without a body, one after the other
      for (let end = received.indexOf("\r\n\r\n"); end >= 0; end = received.indexOf("\r\n\r\n")) {
        const head = received.slice(0, end + 2);
        received = received.slice(end + 4);
        answer(socket, head, left.promise);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: (path, ...all) => void scripts.set(path, [...all]),
    asked: (path) => asked.get(path) ?? [],
    connections: () => connections,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** A whole answer as bytes, with its true length unless the fields say another. */
export function message(body: string, fields: Readonly<Record<string, string>> = {}, status = "200 OK"): string {
  const all = { "content-length": String(Buffer.byteLength(body)), ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`;
}

/** Answers with these bytes, in one piece, and keeps the connection. */
export const sends =
  (bytes: string | Buffer): Script =>
  (request) => {
    request.send(bytes);
  };

/** Answers with these bytes and closes. */
export const sendsAndEnds =
  (bytes: string | Buffer): Script =>
  (request) => {
    request.send(bytes);
    request.end();
  };
