// Owns sending the planned requests through an edge, in order, and reading every answer to its end. Judges nothing itself.
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from "node:http";
import { type CacheVerdict, readCacheStatus } from "./cache-verdict.ts";
import { checkAnswer } from "./integrity.ts";
import { RESOURCE_HEADER } from "./log-origin.ts";
import type { PlannedRequest } from "./log-plan.ts";
import type { Catalogue } from "./resources.ts";

export type ReplayedRequest =
  | {
      readonly kind: "answered";
      readonly planned: PlannedRequest;
      readonly status: number;
      readonly bytes: number;
      readonly verdict: CacheVerdict;
      readonly mismatch: string | undefined;
    }
  | { readonly kind: "failed"; readonly planned: PlannedRequest; readonly problem: string };

export type ReplayEnd =
  | { readonly kind: "complete" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "gave-up"; readonly problem: string };

export interface ReplayOptions {
  readonly edge: string;
  readonly catalogue: Catalogue;
  /** Connections, each with one request at a time; 1 keeps the log's exact order. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly onResult: (result: ReplayedRequest) => void;
}

const TIMEOUT_MS = 30_000;
const MAX_CONSECUTIVE_FAILURES = 20;

export async function replay(plan: AsyncIterable<PlannedRequest>, options: ReplayOptions): Promise<ReplayEnd> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  const requests = plan[Symbol.asyncIterator]();
  let consecutiveFailures = 0;
  let gaveUp: string | undefined;
  const sendInTurn = async (): Promise<void> => {
    while (!options.signal.aborted && gaveUp === undefined) {
      const next = await requests.next();
      if (next.done === true) return;
      const result = await send(next.value, agent, options);
      if (options.signal.aborted) return;
      consecutiveFailures = result.kind === "failed" ? consecutiveFailures + 1 : 0;
      if (result.kind === "failed" && consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) gaveUp ??= result.problem;
      options.onResult(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.concurrency }, sendInTurn));
  } finally {
    agent.destroy();
    await requests.return?.();
  }
  if (gaveUp !== undefined) {
    const problem = `${MAX_CONSECUTIVE_FAILURES} requests in a row failed at ${options.edge}; the last: ${gaveUp}`;
    return { kind: "gave-up", problem };
  }
  return { kind: options.signal.aborted ? "interrupted" : "complete" };
}

async function send(planned: PlannedRequest, agent: Agent, options: ReplayOptions): Promise<ReplayedRequest> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const deadline = new AbortController();
  const abort = (): void => deadline.abort();
  const timer = setTimeout(abort, timeoutMs);
  options.signal.addEventListener("abort", abort);
  try {
    const response = await exchange(planned, agent, options.edge, deadline.signal);
    const status = response.statusCode ?? 0;
    const check = checkAnswer(options.catalogue, planned, { status, resourceId: field(response, RESOURCE_HEADER) });
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      check.chunk(chunk);
    }
    const verdict = readCacheStatus(field(response, "cache-status"));
    return { kind: "answered", planned, status, bytes, verdict, mismatch: check.end() };
  } catch (cause) {
    const problem = deadline.signal.aborted ? `no whole answer within ${timeoutMs / 1000} s` : describe(cause);
    return { kind: "failed", planned, problem };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", abort);
  }
}

async function exchange(
  planned: PlannedRequest,
  agent: Agent,
  edge: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(edge);
  const attempt = (): { request: ClientRequest; response: Promise<IncomingMessage> } => {
    const { method, target } = planned;
    // A literal IPv6 host is bracketed in a URL and bare for the resolver.
    const host = hostname.replace(/^\[|\]$/g, "");
    const request = httpRequest({ agent, host, port, method, path: target, headers: headersOf(planned), signal });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      // Stays for the request's whole life: a late error must not be an unhandled one.
      request.on("error", reject);
    });
    request.end();
    return { request, response };
  };
  const first = attempt();
  try {
    return await first.response;
  } catch (cause) {
    // The server closed an idle connection just as it was taken; RFC 9110 9.2.2: only idempotent methods may be repeated.
    const raced = first.request.reusedSocket && (cause as NodeJS.ErrnoException).code === "ECONNRESET";
    const repeatable = planned.method !== "POST" && planned.method !== "PATCH" && !signal.aborted;
    if (!raced || !repeatable) throw cause;
    return attempt().response;
  }
}

/** No Accept-Encoding: the log's sizes are those of the bodies as stored. */
function headersOf({ agent, referer, ifNoneMatch }: PlannedRequest): OutgoingHttpHeaders {
  return {
    ...(agent === undefined ? {} : { "user-agent": fieldValue(agent) }),
    ...(referer === undefined ? {} : { referer: fieldValue(referer) }),
    ...(ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch }),
  };
}

/** A log may hold what no field value can (RFC 9110 5.5). */
function fieldValue(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").trim();
}

function field(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message === "" ? (code ?? cause.name) : cause.message;
}
