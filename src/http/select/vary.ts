// Owns Vary: the fields that a response varies on, and the one normal form of a request value that both key and origin use
// (RFC 9111 4.1, RFC 9110 12.5).
import { isSeenByOrigin } from "../message/field-table.ts";
import { evenlySpaced, type FieldReader, type HeaderPairs, isToken, readerOf, splitList } from "../message/fields.ts";
import { DEFAULT_GROUPS, type FieldGroups } from "../message/request-fields.ts";
import { weightedMembers, weightsOf } from "../message/weights.ts";

/** Field name in lower case -> normalised request value; null where the request lacks the field. */
export type Variant = Readonly<Record<string, string | null>>;

/** `fields` sorted, lower case, without those whose client value the origin never sees; or the reason why no stored response may be reused. */
export type VaryVerdict =
  | { readonly storable: true; readonly fields: readonly string[] }
  | {
      readonly storable: false;
      readonly reason: "vary-star" | "vary-cookie" | "vary-authorization" | "vary-unreadable";
    };

/** Fields whose members carry q-values: order them by preference, not by spelling. */
const WEIGHTED: ReadonlySet<string> = new Set(["accept", "accept-language", "accept-charset"]);

/** More names than any sound resource varies on. */
export const MAX_VARY_FIELDS = 16;

/** A response that varies on these fits one request only: each request has its own id and span, and each client its address. */
const NEVER_THE_SAME: readonly string[] = ["*", "x-request-id", "traceparent", "tracestate", "x-forwarded-for"];

/** `declared`: fields that are keyed whatever the response says, and which the origin has seen. */
export function readVary(
  value: string | undefined,
  declared: readonly string[] = [],
  groupOf: FieldGroups = DEFAULT_GROUPS,
): VaryVerdict {
  if (value === undefined) return { storable: true, fields: [] };
  const fields = [...new Set(splitList(value.toLowerCase()))].sort();
  if (fields.length > MAX_VARY_FIELDS || fields.some((name) => !isToken(name)))
    return { storable: false, reason: "vary-unreadable" };
  if (NEVER_THE_SAME.some((name) => fields.includes(name))) return { storable: false, reason: "vary-star" };
  if (fields.includes("cookie") && !declared.includes("cookie")) return { storable: false, reason: "vary-cookie" };
  if (fields.includes("authorization")) return { storable: false, reason: "vary-authorization" };
  const counts = (name: string): boolean => declared.includes(name) || isSeenByOrigin(name, groupOf);
  return { storable: true, fields: fields.filter(counts) };
}

/** A header section whose Vary names the declared fields too. */
export function withDeclaredVary(headers: HeaderPairs, declared: readonly string[]): HeaderPairs {
  const said = splitList(readerOf(headers)("vary") ?? "");
  const named = said.map((name) => name.toLowerCase());
  const missing = declared.filter((name) => !named.includes(name));
  if (missing.length === 0 || named.includes("*")) return headers;
  const others = headers.filter(([name]) => name.toLowerCase() !== "vary");
  return [...others, ["Vary", [...said, ...missing].join(", ")]];
}

export function variantOf(fields: readonly string[], request: FieldReader): Variant {
  return Object.fromEntries(fields.map((name) => [name, normalisedValue(name, request(name)) ?? null]));
}

/** RFC 9111 4.1: every field the stored response varies on has the value it was selected by. */
export function matchesVariant(variant: Variant, request: FieldReader): boolean {
  return Object.entries(variant).every(([name, value]) => (normalisedValue(name, request(name)) ?? null) === value);
}

/** The normal form of a request field: sent to the origin and used as key alike. `undefined` where absent. */
export function normalisedValue(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  // an unknown field is neither shortened nor reordered: its origin may care
  return WEIGHTED.has(name) ? byPreference(value) : evenlySpaced(value);
}

/** Whether the origin receives the normal form: of weighted fields always, of others where they are known to be `varied` on. */
export function isForwardedNormalised(name: string, varied: readonly string[]): boolean {
  return WEIGHTED.has(name) || varied.includes(name);
}

/** The one language a request likes best, in lower case; `undefined` where it likes several equally, or none. */
export function preferredLanguage(acceptLanguage: string | undefined): string | undefined {
  const weights = [...weightsOf(acceptLanguage ?? "")].sort(([, a], [, b]) => b - a);
  const [first, second] = weights;
  if (!first || first[0] === "*" || first[1] === 0 || first[1] === second?.[1]) return undefined;
  return first[0];
}

/** The one language a response is in, in lower case (RFC 9110 8.5). */
export function languageOf(headers: HeaderPairs): string | undefined {
  const languages = splitList(readerOf(headers)("content-language") ?? "");
  return languages.length === 1 ? languages[0]?.toLowerCase() : undefined;
}

/** As written where it cannot be read as a whole, so that no preference is dropped or changed. */
function byPreference(value: string): string {
  const members = weightedMembers(value);
  const read = members?.flatMap(({ name, weight }) => (weight === undefined ? [] : [{ name, weight }]));
  if (!read || read.length < (members?.length ?? 0)) return evenlySpaced(value);
  const sorted = read
    .sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ name, weight }) => (weight === 1 ? name : `${name};q=${String(weight)}`));
  return [...new Set(sorted)].join(", ");
}
