// Owns Vary: what a response varies on, and the one normal form of a request value that both key and origin use
// (RFC 9111 4.1, RFC 9110 12.5).
import { isSeenByOrigin } from "./field-table.ts";
import { deltaSeconds, type FieldReader, isToken, splitList } from "./fields.ts";

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
const MAX_FIELDS = 16;

export function readVary(value: string | undefined): VaryVerdict {
  if (value === undefined) return { storable: true, fields: [] };
  const fields = [...new Set(splitList(value.toLowerCase()))].sort();
  if (fields.length > MAX_FIELDS || fields.some((name) => !isToken(name)))
    return { storable: false, reason: "vary-unreadable" };
  // each request has an id of its own, and the platform tells the origin each client's address
  if (["*", "x-request-id", "x-forwarded-for"].some((name) => fields.includes(name)))
    return { storable: false, reason: "vary-star" };
  if (fields.includes("cookie")) return { storable: false, reason: "vary-cookie" };
  if (fields.includes("authorization")) return { storable: false, reason: "vary-authorization" };
  return { storable: true, fields: fields.filter(isSeenByOrigin) };
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
  // of an unknown field only what no origin can see is dropped: it reads the client's own spelling
  return WEIGHTED.has(name) ? byPreference(value) : value.trim();
}

/** Whether the origin receives the normal form instead of the client's own spelling. */
export function isForwardedNormalised(name: string): boolean {
  return WEIGHTED.has(name);
}

function byPreference(value: string): string {
  return splitList(value.toLowerCase())
    .map(weighted)
    .filter((member) => member.range !== "")
    .sort((a, b) => b.thousandths - a.thousandths || (a.range < b.range ? -1 : a.range > b.range ? 1 : 0))
    .map(({ range, thousandths }) => (thousandths === 1000 ? range : `${range};q=${String(thousandths / 1000)}`))
    .filter((member, index, all) => all.indexOf(member) === index)
    .join(", ");
}

function weighted(member: string): { range: string; thousandths: number } {
  const [range = "", ...parameters] = splitList(member, ";");
  let thousandths = 1000;
  const kept: string[] = [range];
  for (const parameter of parameters) {
    const weight = /^q\s*=\s*(.*)$/.exec(parameter)?.[1];
    if (weight === undefined) kept.push(parameter.replace(/\s*=\s*/, "="));
    else thousandths = qvalue(weight);
  }
  return { range: kept.join(";"), thousandths };
}

/** RFC 9110 12.4.2, in thousandths; a malformed weight counts as 1 so that the member is not lost. */
function qvalue(text: string): number {
  const match = /^([01])(?:\.(\d{0,3}))?$/.exec(text);
  if (!match) return 1000;
  const thousandths = (deltaSeconds(match[1] ?? "") ?? 1) * 1000 + Number((match[2] ?? "").padEnd(3, "0"));
  return Math.min(thousandths, 1000);
}
