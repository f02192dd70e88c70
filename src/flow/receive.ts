// Owns the first step: it reads a request into facts, and decides whether the request is looked up, bypasses the cache, or is refused.
import { type RequestFacts, requestFacts } from "../http/message/facts.ts";
import { withoutEpoch } from "../http/answer/browser-epoch.ts";
import { isHost } from "../http/message/host.ts";
import type { ReasonCode } from "../http/law/reasons.ts";
import { ruleFor } from "../policy/match.ts";
import type { Edge } from "./edge.ts";

export type Received =
  | { readonly kind: "lookup"; readonly facts: RequestFacts }
  | { readonly kind: "bypass"; readonly facts: RequestFacts; readonly reason: ReasonCode }
  | { readonly kind: "refused"; readonly facts: RequestFacts; readonly status: 400 | 404; readonly detail: string };

export function receive(request: Request, { site, intake }: Pick<Edge, "site" | "intake">): Received {
  const url = intake.readUrl(request.url);
  const { naming } = ruleFor(site, url.location.path);
  const facts = requestFacts(request.method, url.location, sentFields(request.headers), naming);
  const host = facts.field("host");
  if (host !== undefined && !isHost(host) && (url.ok || url.status !== 400))
    return { kind: "refused", facts, status: 400, detail: "the Host field is not a host" };
  if (!url.ok) return { kind: "refused", facts, status: url.status, detail: url.detail };
  const reason = whyBypass(facts);
  return reason === undefined ? { kind: "lookup", facts } : { kind: "bypass", facts, reason };
}

/** Reads each field once; asking for a field that the client did not send costs nothing. */
function sentFields(headers: Headers): ReadonlyMap<string, string> {
  const sent = new Map(headers);
  const cookie = withoutEpoch(sent.get("cookie"));
  if (cookie === undefined) sent.delete("cookie");
  else sent.set("cookie", cookie);
  return sent;
}

/** False for a Host field that is not a host: the platform would turn `a@h` or `x/../y` into userinfo or a path of the request's URL. */
export function namesHost({ headers }: Pick<Request, "headers">): boolean {
  const host = headers.get("host");
  return host === null || isHost(host);
}

function whyBypass({ method, field, hasPreview }: RequestFacts): ReasonCode | undefined {
  if (method !== "GET" && method !== "HEAD") return "method";
  if (field("upgrade") !== undefined) return "upgrade";
  if (field("if-match") !== undefined || field("if-unmodified-since") !== undefined) return "precondition";
  if (hasPreview) return "preview";
  return undefined;
}
