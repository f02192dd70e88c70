// Owns a wire that a test may make slow, or stuck: TCP passed through to the first of some ports that accepts.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Valve {
  readonly port: number;
  /** What comes back is this much late from now on. */
  slow(ms: number): void;
  /** Nothing comes back any more; with `open`, what was held does. */
  stick(): void;
  open(): void;
  close(): Promise<void>;
}

/** A new connection begins at the next port in turn: of several servers that do the same, one may be gone. */
export async function startValve(ports: readonly number[]): Promise<Valve> {
  const sockets = new Set<Socket>();
  const wires = new Set<Wire>();
  const manner = { delayMs: 0, stuck: false };
  let turn = 0;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket.setNoDelay());
    return socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    turn += 1;
    void join(client, [...ports.slice(turn % ports.length), ...ports.slice(0, turn % ports.length)]);
  });
  const join = async (client: Socket, candidates: readonly number[]): Promise<void> => {
    for (const port of candidates) {
      const behind = keep(connect(port, "127.0.0.1"));
      if (!(await connected(behind))) continue;
      if (client.destroyed) behind.destroy();
      client.on("data", (bytes) => behind.write(bytes)).once("close", () => behind.destroy());
      const wire = createWire(manner);
      wires.add(wire);
      behind.on("data", (bytes: Buffer) => wire.send(() => client.write(bytes)));
      behind.once("close", () => wire.send(() => client.destroy()));
      client.once("close", () => wires.delete(wire));
      return;
    }
    client.destroy();
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    slow(ms) {
      manner.delayMs = ms;
    },
    stick() {
      manner.stuck = true;
    },
    open() {
      manner.stuck = false;
      manner.delayMs = 0;
      for (const wire of wires) wire.flush();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Wire {
  send(pass: () => void): void;
  flush(): void;
}

/** What was sent first arrives first, whatever changes meanwhile. */
function createWire(manner: { readonly delayMs: number; readonly stuck: boolean }): Wire {
  const sent: { readonly pass: () => void; readonly dueMs: number }[] = [];
  const flush = (): void => {
    for (let first = sent[0]; first !== undefined && !manner.stuck; first = sent[0]) {
      const leftMs = manner.delayMs === 0 ? 0 : first.dueMs - performance.now();
      if (leftMs > 0) {
        setTimeout(flush, leftMs);
        return;
      }
      sent.shift();
      first.pass();
    }
  };
  return {
    send(pass) {
      sent.push({ pass, dueMs: performance.now() + manner.delayMs });
      if (sent.length === 1) flush();
    },
    flush,
  };
}

function connected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("close", () => resolve(false));
  });
}
