// Owns a server between the command and an edge for tests of failures: it passes requests on, answers itself, or loses answers.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { listening } from "../../e2e/support/listening.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Of the order, if it is one. */
  readonly order: { readonly dryRun?: true; readonly tags?: readonly string[] } & Readonly<Record<string, unknown>>;
  /** Requests for real purges up to this one. */
  readonly purges: number;
}

/** `lose`: the edge carries it out, and the connection ends without an answer. `drop`: it ends before the edge hears of it. */
export type Deed =
  | "pass"
  | "lose"
  | "drop"
  | "hang"
  | { status: number; headers?: Record<string, string>; body?: unknown };

export interface Between {
  readonly url: string;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

export async function startBetween(edgeUrl: string, deed: (seen: Seen) => Deed): Promise<Between> {
  const seen: Seen[] = [];
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "", headers } = request;
    const body = await buffer(request);
    const order = body.length > 0 ? (JSON.parse(body.toString()) as Seen["order"]) : {};
    const isPurge = (one: Pick<Seen, "method" | "order">): boolean => one.method === "POST" && !one.order.dryRun;
    const purges = seen.filter(isPurge).length + (isPurge({ method, order }) ? 1 : 0);
    const one = { method, path, headers, order, purges };
    seen.push(one);
    const done = deed(one);
    if (done === "hang") return;
    if (typeof done === "object") {
      response.writeHead(done.status, { "content-type": "application/problem+json", ...done.headers });
      response.end(typeof done.body === "string" ? done.body : JSON.stringify(done.body ?? {}));
      return;
    }
    const answer = done === "drop" ? undefined : await passOn(edgeUrl, one, body);
    if (!answer || done === "lose") request.socket.destroy();
    else response.writeHead(answer.status, { "content-type": answer.type }).end(answer.text);
  }
  const server = createServer((request, response) => void handle(request, response));
  return { ...(await listening(server)), seen };
}

async function passOn(edgeUrl: string, { method, path, headers }: Seen, body: Buffer) {
  const kept = ["authorization", "idempotency-key"].flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const init = { method, headers: Object.fromEntries(kept), ...(method === "POST" && { body: body.toString() }) };
  const answer = await fetch(edgeUrl + path, init);
  return { status: answer.status, type: answer.headers.get("content-type") ?? "", text: await answer.text() };
}
