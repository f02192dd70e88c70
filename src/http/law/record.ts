// Owns the stored record: it decides everything about a response once, when it is stored, or names the reason against storing it.
import { formatHttpDate, parseHttpDate } from "../message/dates.ts";
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { addressedToEdge, kept } from "../message/field-table.ts";
import type { FieldReader, HeaderPairs } from "../message/fields.ts";
import { initialAge, type LifetimePolicy, lifetimeOf, staleWindows } from "./freshness.ts";
import { groupTarget, readGroups } from "../targets/groups.ts";
import { isWhole, lengthOf, partOf } from "./parts.ts";
import type { ReasonCode } from "./reasons.ts";
import { forAuthorization, forSession } from "./sharing.ts";
import { type StoringPolicy, whyNotStorable } from "./storable.ts";
import { type Fence, originValidators, type Stored } from "./stored.ts";
import { readTags } from "../targets/tags.ts";
import { type Target, type TargetHash, targetHash } from "../targets/target.ts";
import { isCompressible } from "../body/compressible.ts";
import { readVary, variantOf } from "../select/vary.ts";

/** The members of a record that depend on the site's rule. */
export interface SettlePolicy extends LifetimePolicy, StoringPolicy {
  /** The rule's own tags for a path. */
  readonly tagsOf: (path: string) => readonly string[];
  /** The rule declares codings: a body in the requested coding is stored as it came. */
  readonly keepCodings: boolean;
}

/** `fence`: taken before the request was sent; absent while the purge log is unknown, and then nothing is stored. */
export function recordOf(
  response: ResponseFacts,
  request: RequestFacts,
  fence: Fence | undefined,
  policy: SettlePolicy,
): Stored | ReasonCode {
  const lifetime = lifetimeOf(request, response, policy);
  const tags = readTags(response.field, policy.tagsOf(request.location.path));
  const refusal = whyNotStorable(request, response, lifetime, tags, policy);
  if (refusal) return refusal;
  if (!fence) return "purge-unknown";
  const vary = readVary(response.field("vary"), request.declared, request.naming.groupOf);
  if (!vary.storable) return vary.reason;
  if (!tags.usable) return tags.reason;
  const part = partOf(response, request.range);
  const whole = part !== undefined && isWhole(part);
  const windows = staleWindows(response, policy);
  const validators = originValidators(response);
  const headers = kept(response.headers);
  return {
    status: whole ? 200 : response.status,
    headers: dated(part ? withoutRange(headers) : headers, response),
    part: whole ? undefined : part,
    compressible: isCompressible(response),
    bodyLength: part && lengthOf(part),
    edgeHeaders: addressedToEdge(response.headers),
    receivedAtMs: response.receivedAtMs,
    initialAgeSeconds: initialAge(response),
    lifetimeSeconds: lifetime.seconds,
    staleWhileRevalidateSeconds: windows.whileRevalidate,
    staleIfErrorSeconds: windows.ifError,
    staleAllowed: windows.allowed,
    alwaysValidate: response.governing.directives.noCache,
    forAuthorization: forAuthorization(response, policy),
    forSession: forSession(response, policy),
    ...validators,
    variant: variantOf(vary.fields, request.field),
    targets: targetsOf(request, response.field, tags.tags),
    fence,
  };
}

/** A group is also a tag: it can be purged by its name, trimmed as purge requests trim it. */
export function targetsOf({ location }: RequestFacts, field: FieldReader, tags: readonly string[]): TargetHash[] {
  const groups = readGroups(field);
  const names = [...tags, ...groups.map((group) => group.trim())];
  const named = names.map((value): Target => ({ kind: "tag", value }));
  return [...new Set([...named, ...groups.map((group) => groupTarget(location, group))].map(targetHash))];
}

/** Answers made from a part name their own range and have other bytes, so its Content-Range and digests are dropped (RFC 9530 2). */
function withoutRange(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !/^content-(?:range|md5|digest)$/i.test(name));
}

/** With a Date: a recipient that stores a response without one adds when it came (RFC 9110 6.6.1). */
export function dated(headers: HeaderPairs, { field, receivedAtMs }: ResponseFacts): HeaderPairs {
  if (parseHttpDate(field("date") ?? "", receivedAtMs) !== undefined) return headers;
  const others = headers.filter(([name]) => name.toLowerCase() !== "date");
  return [...others, ["Date", formatHttpDate(receivedAtMs)]];
}
