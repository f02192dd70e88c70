// Owns a request to the origin: within the rule's deadline, through the breaker, and once more after a failed connection.
import { DependencyError } from "../../error.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "../../http/message/facts.ts";
import { type Health, healthOf } from "../../http/law/origin-health.ts";
import { isIdempotent, isSafe } from "../../http/message/methods.ts";
import { isPrefetch } from "../../http/message/prefetch.ts";
import { retryAfterSeconds } from "../../http/message/retry-after.ts";
import type { Failure } from "../../http/law/settle.ts";
import type { Rule } from "../../policy/define.ts";
import { type Origin, originId, originOf } from "../../policy/origins.ts";
import type { Admission, Route } from "./breaker.ts";
import type { Edge, Exchange } from "../edge.ts";
import { LATE, type Timeout } from "../../base/deadline.ts";
import { timed } from "../support/timings.ts";
import { type Forwarding, mappedBack, originRequest } from "./origin-request.ts";

/** An answer whose body nobody has read yet. */
export type OriginAnswer = Answered | Failed;

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

/** A request that needs the origin, whether or not it takes part in caching. */
interface Asking {
  readonly edge: Edge;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  readonly rule: Rule;
}

/** The rule's deadline is for the header section, over all attempts; bodies may take longer. */
export async function askOrigin(request: Asking, forwarding: Forwarding): Promise<OriginAnswer> {
  const { exchange } = request;
  const upstream = await timed(exchange, "origin", answered(request, forwarding));
  if (upstream.kind === "response") exchange.timings?.heard(upstream.response.field("server-timing"));
  return upstream;
}

/** Sends the request, and once more after a failed connection if the method is idempotent. Each attempt is a span of the trace. */
async function answered(request: Asking, forwarding: Forwarding): Promise<OriginAnswer> {
  const { edge, exchange, facts, rule } = request;
  const origin = originOf(edge.site.origins, facts.location.host);
  const deadline = edge.clock.timeout(rule.deadlineMs);
  const attempt = (): Promise<Attempt> =>
    attempted(request, (signal) => {
      const url = origin?.kind === "url" ? origin.url : undefined;
      return { request: originRequest(edge.name, exchange, facts, forwarding, url, signal), origin, deadline };
    });
  try {
    const first = await attempt();
    const { upstream } = first;
    // any status is an answer, and a body can be sent only once (RFC 9110 9.2.2)
    const again = upstream.kind === "failure" && upstream.reason === "origin-unreachable" && isIdempotent(facts.method);
    if (!again || (forwarding.asSent && exchange.request.body)) {
      first.report();
      return upstream;
    }
    // a failed probe opens the circuit again, which then refuses the retry: there is nothing to wait for
    if (first.isProbe) first.report();
    else await edge.clock.timeout(edge.bounds.retryMs).passed;
    const second = await attempt();
    // the retry succeeded, so no client lost anything: the breaker hears nothing of the first attempt
    if (second.upstream.kind === "failure") first.report();
    second.report();
    return second.upstream;
  } finally {
    deadline.cancel();
  }
}

interface Attempt {
  readonly upstream: OriginAnswer;
  readonly isProbe: boolean;
  /** Reports the end of the attempt to the breaker. */
  report(): void;
}

/** A probe whose request outlives its deadline by this much was cut off with its client. */
const CUT_OFF_MS = 1000;

/** The breaker stops safe methods only: any other request may be the one that succeeds. */
async function attempted(request: Asking, prepare: (signal: AbortSignal) => Prepared): Promise<Attempt> {
  const { edge, exchange, facts, rule } = request;
  const isAhead = isPrefetch((name) => exchange.request.headers.get(name) ?? undefined);
  const isProvoking = mayProvoke(exchange, facts);
  const admission = admitted(edge, facts, rule, !isAhead && !isProvoking);
  if (admission.kind === "refused") {
    const { retryAfterSeconds: rest } = admission;
    const upstream: Failed = { kind: "failure", reason: "origin-resting", retryAfterSeconds: rest };
    return { upstream, isProbe: false, report: () => undefined };
  }
  const { isProbe } = admission;
  const fetching = fetched(edge, facts, prepare);
  // a client that leaves must not take the one probe with it
  if (isProbe) exchange.background(fetching);
  const upstream = await fetching;
  const report = (): void => {
    const response = upstream.kind === "response" ? upstream.response : undefined;
    const asked = response && retryAfterSeconds(response.field("retry-after"), response.receivedAtMs);
    const health = healthIn(upstream);
    admission.report(isAhead || (isProvoking && health === "broken") ? "silent" : health, asked);
  };
  return { upstream, isProbe, report };
}

/**
 * Whether the client may have caused the origin's silence. Content comes at the client's pace, and an origin that waits for the rest has
 * not broken down; many servers hang up on an upgrade that they do not know.
 */
function mayProvoke({ request }: Exchange, { method, field }: RequestFacts): boolean {
  if (field("upgrade") !== undefined) return true;
  return request.body !== null && method !== "GET" && method !== "HEAD";
}

interface Prepared {
  readonly request: Request;
  readonly origin: Origin | undefined;
  readonly deadline: Timeout;
}

function admitted(
  { origin: { breakers }, site }: Edge,
  { method, location }: RequestFacts,
  rule: Rule,
  mayProbe: boolean,
): Admission {
  const route: Route = {
    origin: originId(originOf(site.origins, location.host)),
    host: location.host,
    path: location.path,
    rule: rule.name,
    isDefaultRule: rule === site.defaultRule,
    policy: rule.breaker,
    hostPolicy: site.defaultRule.breaker,
  };
  if (isSafe(method)) return breakers.admit(route, mayProbe ? rule.deadlineMs + CUT_OFF_MS : undefined);
  return { kind: "admitted", isProbe: false, report: breakers.follow(route) };
}

/** An answer that is no valid HTTP response still comes from a server that is alive. */
function healthIn(upstream: OriginAnswer): Health {
  if (upstream.kind === "response") return healthOf(upstream.response);
  return upstream.reason === "origin-invalid" ? "silent" : "broken";
}

async function fetched(
  edge: Edge,
  facts: RequestFacts,
  prepare: (signal: AbortSignal) => Prepared,
): Promise<OriginAnswer> {
  const requestedAtMs = edge.clock.now();
  const abort = new AbortController();
  try {
    const { request, origin, deadline } = prepare(abort.signal);
    const answering = edge.origin.fetch(request, origin);
    const raw = await Promise.race([answering, deadline.passed.then((): typeof LATE => LATE)]);
    if (raw === LATE) {
      abort.abort();
      // the answer may still come
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
    return { kind: "response", response: responseFacts(raw.status, headers, requestedAtMs, edge.clock.now()), raw };
  } catch (cause) {
    edge.report(new DependencyError("origin", "cannot be reached", { cause }));
    return { kind: "failure", reason: "origin-unreachable" };
  }
}
