// Owns the way to the origin and back: within a deadline, through the breaker, once more where no connection came about.
import { DependencyError } from "../error.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "../http/facts.ts";
import { isBreakdown } from "../http/freshness.ts";
import { isIdempotent, isSafe } from "../http/methods.ts";
import { retryAfterSeconds } from "../http/retry-after.ts";
import type { Failure } from "../http/settle.ts";
import { type Origin, originId, originOf } from "../policy/origins.ts";
import type { Admission } from "./breaker.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { LATE, type Timeout } from "./timeout.ts";
import { timed } from "./timings.ts";
import { type Intent, mappedBack, upstreamRequest } from "./upstream-request.ts";

/** An answer whose body nobody has read yet. */
export type Upstream = Answered | Failed;

interface Answered {
  readonly kind: "response";
  readonly response: ResponseFacts;
  readonly raw: Response;
}

interface Failed {
  readonly kind: "failure";
  readonly reason: Failure;
  /** When it may be worth asking again, where that is known. */
  readonly retryAfterSeconds?: number;
}

const CLOSED: Admission = { kind: "closed" };

/** `deadlineMs`: until the header section has arrived, over all attempts; bodies may take longer. */
export async function askOrigin(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  intent: Intent,
  deadlineMs: number,
): Promise<Upstream> {
  const upstream = await timed(exchange, "origin", answered(edge, exchange, facts, intent, deadlineMs));
  if (upstream.kind === "response") exchange.timings?.heard(upstream.response.field("server-timing"));
  return upstream;
}

/** Asks, and once more where that may help; each time as another span of the trace. */
async function answered(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  intent: Intent,
  deadlineMs: number,
): Promise<Upstream> {
  const origin = originOf(edge.site.origins, facts.location.host);
  const deadline = edge.timeout(deadlineMs);
  const attempt = (): Promise<Attempt> =>
    attempted(edge, facts, origin, deadline, (signal) => {
      return upstreamRequest(
        edge.name,
        exchange,
        facts,
        intent,
        origin?.kind === "url" ? origin.url : undefined,
        signal,
      );
    });
  try {
    const first = await attempt();
    const { upstream } = first;
    // a status is an answer, and a body is sent once (RFC 9110 9.2.2)
    const again = upstream.kind === "failure" && upstream.reason === "origin-unreachable" && isIdempotent(facts.method);
    if (!again || (intent.asSent && exchange.request.body)) {
      first.report();
      return upstream;
    }
    // a probe decides before the retry, which may then be refused
    if (first.isProbe) first.report();
    const second = await attempt();
    // what the retry made good has cost no client anything
    if (second.upstream.kind === "failure") first.report();
    second.report();
    return second.upstream;
  } finally {
    deadline.cancel();
  }
}

interface Attempt {
  readonly upstream: Upstream;
  readonly isProbe: boolean;
  /** Tells the breaker how it ended. */
  report(): void;
}

/** Only safe methods pass the breaker: of the others each may be the one that succeeds. */
async function attempted(
  edge: Edge,
  facts: RequestFacts,
  origin: Origin | undefined,
  deadline: Timeout,
  request: (signal: AbortSignal) => Request,
): Promise<Attempt> {
  const id = originId(origin) === "zone" ? `zone:${facts.location.host}` : originId(origin);
  const admission = isSafe(facts.method) ? edge.breakers.admit(id) : CLOSED;
  const isProbe = admission.kind === "probe";
  if (admission.kind === "refused") {
    const { retryAfterSeconds: rest } = admission;
    const upstream: Failed = { kind: "failure", reason: "origin-resting", retryAfterSeconds: rest };
    return { upstream, isProbe, report: () => undefined };
  }
  const upstream = await fetched(edge, facts, origin, deadline, request);
  const report = (): void => {
    if (!isSafe(facts.method)) return;
    const { response } = upstream.kind === "response" ? upstream : { response: undefined };
    const asked = response && retryAfterSeconds(response.field("retry-after"), response.receivedAtMs);
    edge.breakers.report(id, admission, !response || isBreakdown(response), asked);
  };
  return { upstream, isProbe, report };
}

async function fetched(
  edge: Edge,
  facts: RequestFacts,
  origin: Origin | undefined,
  deadline: Timeout,
  request: (signal: AbortSignal) => Request,
): Promise<Upstream> {
  const requestedAtMs = edge.now();
  const abort = new AbortController();
  try {
    const answering = edge.fetch(request(abort.signal), origin);
    const raw = await Promise.race([answering, deadline.passed.then((): typeof LATE => LATE)]);
    if (raw === LATE) {
      abort.abort();
      // it may come all the same
      answering.then((late) => late.body?.cancel()).catch(() => undefined);
      edge.report(new DependencyError("origin", "did not answer in time"));
      return { kind: "failure", reason: "origin-timeout" };
    }
    const switched = raw.status === 101 && raw.webSocket !== null;
    if (!switched && (raw.status < 200 || raw.status > 599)) {
      await raw.body?.cancel();
      return { kind: "failure", reason: "origin-invalid" };
    }
    const url = origin?.kind === "url" ? origin.url : undefined;
    const headers = mappedBack([...raw.headers], url, facts);
    return { kind: "response", response: responseFacts(raw.status, headers, requestedAtMs, edge.now()), raw };
  } catch (cause) {
    edge.report(new DependencyError("origin", "cannot be reached", { cause }));
    return { kind: "failure", reason: "origin-unreachable" };
  }
}
