// Owns a wire that a test may make slow, or stuck: TCP passed through to the first of some ports that accepts.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Valve {
  readonly port: number;
  /** Answers come this much late from now on. */
  slow(ms: number): void;
  /** Nothing comes back any more, or nothing passes at all; with `open`, what was held does. */
  stick(what: "answers" | "all"): void;
  open(): void;
  close(): Promise<void>;
}

/** A new connection begins at the next port in turn: of several servers that do the same, one may be gone. */
export async function startValve(ports: readonly number[]): Promise<Valve> {
  const sockets = new Set<Socket>();
  const wires = new Set<Wire>();
  const back = { delayMs: 0, stuck: false };
  const forth = { delayMs: 0, stuck: false };
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
      const [answers, questions] = [createWire(back), createWire(forth)];
      wires.add(answers).add(questions);
      behind.on("data", (bytes: Buffer) => answers.send(() => client.write(bytes)));
      behind.once("close", () => answers.send(() => client.destroy()));
      client.on("data", (bytes: Buffer) => questions.send(() => behind.write(bytes)));
      client.once("close", () => questions.send(() => behind.destroy()));
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
      back.delayMs = ms;
    },
    stick(what) {
      back.stuck = true;
      forth.stuck = what === "all";
    },
    open() {
      Object.assign(back, { delayMs: 0, stuck: false });
      forth.stuck = false;
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

/** Bytes arrive in the order in which they were sent, whatever changes meanwhile. */
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
