// Owns one kept connection: a request at a time, each answer checked for status, length and every byte.
import { connect as openSocket } from "node:net";
import { resourceAt, slice, startOf } from "../origin/body.ts";
import { type AnswerHead, answerParser } from "./answer-parser.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A request, and what its answer must be. */
export interface Question {
  readonly path: string;
  readonly request: string;
  readonly bytes: number;
  readonly start: number;
  /** Text that the head must contain, where the row depends on it. */
  readonly says: string | undefined;
}

export interface Reply {
  /** When the head arrived, and when the last byte did: milliseconds of `performance.now()`. */
  readonly headAtMs: number;
  readonly endAtMs: number;
}

export interface Connection {
  /** Rejects when the answer is wrong in any way. */
  ask(question: Question): Promise<Reply>;
  close(): void;
}

/** `fields`: lines of the request beside Host, each with its end. */
export function questionAbout(address: Address, path: string, says?: string, fields = ""): Question {
  const resource = resourceAt(path);
  if (!resource) throw new Error(`not a URL of the benchmark: ${path}`);
  const request = `GET ${path} HTTP/1.1\r\nHost: ${address.host}:${String(address.port)}\r\n${fields}\r\n`;
  return { path, request, bytes: resource.bytes, start: startOf(path), says };
}

interface Waiting {
  readonly question: Question;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (cause: Error) => void;
}

export async function connect(address: Address): Promise<Connection> {
  const socket = openSocket(address.port, address.host);
  socket.setNoDelay(true);
  let waiting: Waiting | undefined;
  let received = 0;
  let headAtMs = 0;

  function fail(cause: Error): void {
    const failed = waiting;
    waiting = undefined;
    socket.destroy();
    failed?.reject(new Error(`${failed.question.path}: ${cause.message}`, { cause }));
  }

  const parser = answerParser({
    head(head) {
      if (!waiting) throw new Error("an answer to no question");
      headAtMs = performance.now();
      received = 0;
      requireHead(head, waiting.question);
    },
    body(piece) {
      if (waiting) requireBytes(piece, received, waiting.question);
      received += piece.length;
    },
    end() {
      if (!waiting) return;
      const { question, resolve } = waiting;
      if (received !== question.bytes) throw new Error(`${String(received)} bytes of ${String(question.bytes)}`);
      waiting = undefined;
      resolve({ headAtMs, endAtMs: performance.now() });
    },
  });

  socket.on("data", (chunk) => {
    try {
      parser.push(chunk);
    } catch (cause) {
      fail(cause instanceof Error ? cause : new Error(String(cause)));
    }
  });
  socket.on("close", () => fail(new Error("the connection was closed")));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", (cause) => {
      reject(cause);
      fail(cause);
    });
  });
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting = { question, resolve, reject };
        socket.write(question.request, "latin1");
      }),
    close() {
      socket.destroy();
    },
  };
}

/** Opens many, a few at a time: a listener's queue is short. */
export async function connectAll(address: Address, count: number): Promise<readonly Connection[]> {
  const connections: Connection[] = [];
  while (connections.length < count) {
    const more = Math.min(64, count - connections.length);
    // the queue empties between two lots
    connections.push(...(await Promise.all(Array.from({ length: more }, () => connect(address)))));
  }
  return connections;
}

function requireHead({ status, length, text }: AnswerHead, { bytes, says }: Question): void {
  if (status !== 200) throw new Error(`status ${String(status)}`);
  if (length !== undefined && length !== bytes) {
    throw new Error(`Content-Length ${String(length)} where ${String(bytes)} bytes are due`);
  }
  if (says !== undefined && !text.includes(says)) throw new Error(`the head does not say ${says}:\n${text}`);
}

function requireBytes(piece: Buffer, offset: number, { start }: Question): void {
  for (let read = 0; read < piece.length;) {
    const due = slice(start, offset + read, piece.length - read);
    if (piece.compare(due, 0, due.length, read, read + due.length) !== 0) {
      throw new Error(`a wrong byte between ${String(offset + read)} and ${String(offset + read + due.length)}`);
    }
    read += due.length;
  }
}
