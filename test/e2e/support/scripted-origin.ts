// Owns an origin that answers each path as a test says, and remembers what it was asked.
import { createServer, type IncomingMessage } from "node:http";
import { listening } from "./listening.ts";

export interface Answer {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface ScriptedOrigin {
  readonly url: string;
  /** From now on `path` is answered like this; a path without an answer is a 404. */
  answer(path: string, answer: Answer | ((request: IncomingMessage) => Answer)): void;
  /** The header fields of every request for `path`, the oldest first. */
  asked(path: string): readonly IncomingMessage["headers"][];
  close(): Promise<void>;
}

export async function startScriptedOrigin(): Promise<ScriptedOrigin> {
  const answers = new Map<string, (request: IncomingMessage) => Answer>();
  const asked = new Map<string, IncomingMessage["headers"][]>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.set(path, [...(asked.get(path) ?? []), request.headers]);
    const { status = 200, fields = {}, body } = answers.get(path)?.(request) ?? { status: 404, body: "unknown" };
    response.writeHead(status, { "content-length": String(Buffer.byteLength(body)), ...fields }).end(body);
  });
  return {
    ...(await listening(server)),
    answer(path, answer) {
      answers.set(path, typeof answer === "function" ? answer : () => answer);
    },
    asked: (path) => asked.get(path) ?? [],
  };
}
