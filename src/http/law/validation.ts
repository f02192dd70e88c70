// Owns validation: the stored body goes on under the header section of a 304 or of an answer to HEAD (RFC 9111 4.3.4, 4.3.5).
import { isCompressible } from "../body/compressible.ts";
import { parseHttpDate } from "../message/dates.ts";
import { weakMatch } from "../message/etag.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "../message/facts.ts";
import { kept, mergedBy304 } from "../message/field-table.ts";
import { declaredLength, type HeaderPairs, readerOf } from "../message/fields.ts";
import { initialAge } from "./freshness.ts";
import { changesNonces } from "../message/csp-nonce.ts";
import { withPrivate } from "./made-private.ts";
import { makesPrivate, type ReasonCode } from "./reasons.ts";
import { dated, recordOf, type SettlePolicy, targetsOf } from "./record.ts";
import { type Fence, originValidators, type Stored } from "./stored.ts";
import { hasTagField, isTagField } from "../targets/tags.ts";

/** A stored response that the edge asked the origin about. */
export interface Validating {
  readonly request: RequestFacts;
  readonly stored: Stored;
  /** Taken before the request was sent. */
  readonly fence: Fence | undefined;
}

/**
 * The stored response after a 304; `undefined` where that is about another one. `refusal` says why it may answer this request
 * but must not be stored anew.
 */
export function validated(
  response: ResponseFacts,
  { request, stored, fence }: Validating,
  policy: SettlePolicy,
): { readonly stored: Stored; readonly refusal: ReasonCode | undefined } | undefined {
  if (!sameRepresentation(response, stored)) return undefined;
  const merged = mergedFacts(stored, response);
  // a 304 to a request without validators proves nothing of the time since the stored response's own fetch
  const proven = stored.etag !== undefined || stored.lastModified !== undefined;
  // the stored response answers a GET, whatever method the validation has
  const record = recordOf(merged, { ...request, method: "GET" }, proven ? fence : stored.fence, policy);
  if (typeof record !== "string")
    return { stored: { ...record, ...heldOn(stored, record, request, response) }, refusal: undefined };
  const headers = dated(kept(merged.headers), merged);
  const answers = {
    compressible: isCompressible(merged),
    headers: request.hasSession || makesPrivate(record) ? withPrivate(headers) : headers,
    receivedAtMs: response.receivedAtMs,
    initialAgeSeconds: initialAge(merged),
  };
  return { stored: { ...stored, ...answers }, refusal: record };
}

/**
 * The stored response after a 200 to HEAD that has a validator of its: all that it says of the body fits the stored one. Otherwise
 * the reason why it changes nothing, or must go. An equal length confirms nothing: many bodies have the same.
 */
export function freshenedByHead(
  response: ResponseFacts,
  { request, stored, fence }: Validating,
  policy: SettlePolicy,
): Stored | ReasonCode {
  const said = originValidators(response);
  // the length of an encoded body says nothing of the stored, decoded one
  const isHeldSo = response.field("content-encoding") === readerOf(stored.headers)("content-encoding");
  const length = isHeldSo ? declaredLength(response.field) : undefined;
  const comparisons = [
    [said.etag, stored.etag],
    [said.lastModified, stored.lastModified],
    [length, stored.bodyLength],
  ].filter(([theirs]) => theirs !== undefined);
  if (comparisons.some(([theirs, ours]) => theirs !== ours)) return "head-mismatch";
  if (said.etag === undefined && said.lastModified === undefined) return "head-response";
  if (changesNonces(readerOf(stored.headers), response.field)) return "nonce-changed";
  // only an entity tag proves that nothing happened since the stored response's own fetch
  const proven = said.etag === undefined ? stored.fence : fence;
  const record = recordOf(mergedFacts(stored, response), { ...request, method: "GET" }, proven, policy);
  return typeof record === "string" ? record : { ...record, ...heldOn(stored, record, request, response) };
}

/**
 * Fields that stay with the stored body, whatever a newer header section says. The request fields that selected it stay as well, since
 * an answer that names fewer of them was made for one request and frees the body for no other; and, where the answer brings no
 * tags, every target the body has, those of an older part included, but for groups where it brings those.
 */
function heldOn(
  { bodyLength, openEnded, shownEtag, variant, targets, headers }: Stored,
  record: Stored,
  request: RequestFacts,
  { field }: ResponseFacts,
): Pick<Stored, "bodyLength" | "openEnded" | "shownEtag" | "variant" | "targets"> {
  const replaced = field("cache-groups") === undefined ? [] : targetsOf(request, readerOf(headers), []);
  const staying = hasTagField(field) ? [] : targets.filter((target) => !replaced.includes(target));
  return {
    bodyLength,
    openEnded,
    shownEtag,
    variant: { ...record.variant, ...variant },
    targets: [...new Set([...record.targets, ...staying])],
  };
}

/** The stored response as the origin now describes it. */
function mergedFacts(stored: Stored, response: ResponseFacts): ResponseFacts {
  const { requestedAtMs, receivedAtMs } = response;
  const fields = mergedBy304(validatedFields(stored, response), response.headers);
  return responseFacts(stored.status, fields, requestedAtMs, receivedAtMs);
}

/**
 * 4.3.4: a strong tag identifies a response with the same tag, a weak one a response that it matches weakly, neither one without a tag. A date
 * alone identifies a response with the same date.
 */
function sameRepresentation({ field, receivedAtMs }: ResponseFacts, stored: Stored): boolean {
  const etag = field("etag");
  if (etag !== undefined) {
    if (stored.etag === undefined) return false;
    return etag.startsWith("W/") ? weakMatch(etag, stored.etag) : etag === stored.etag;
  }
  const theirs = parseHttpDate(field("last-modified") ?? "", receivedAtMs);
  const ours = parseHttpDate(stored.lastModified ?? "", receivedAtMs);
  return theirs === undefined || ours === undefined || theirs === ours;
}

/**
 * The stored fields that a 304 may leave as they are. Where it brings tags, under any vendor's name, the stored ones go; and
 * so does the stored Date, since a 304 without one was made now.
 */
function validatedFields(stored: Stored, response: ResponseFacts): HeaderPairs {
  const fields = [...stored.headers, ...stored.edgeHeaders].filter(([name]) => name.toLowerCase() !== "date");
  return hasTagField(response.field) ? fields.filter(([name]) => !isTagField(name)) : fields;
}
