// Owns the choice of the field that governs a response at this cache: the first valid targeted field, else Cache-Control (RFC 9213 2.2).
import { type BareItem, DisplayString, parseDictionary } from "structured-headers";
import { type Directives, parseDirectives, type ResponseDirectives, responseDirectives } from "./cache-control.ts";
import { type FieldReader, splitList, trimOws } from "./fields.ts";

export type GoverningField =
  | "cloudflare-cdn-cache-control"
  | "cdn-cache-control"
  | "surrogate-control"
  | "cache-control"
  | "none";

export interface Governing {
  readonly field: GoverningField;
  readonly directives: ResponseDirectives;
}

const NOTHING: Governing = { field: "none", directives: responseDirectives(new Map()) };

export function governing(field: FieldReader): Governing {
  for (const name of ["cloudflare-cdn-cache-control", "cdn-cache-control"] as const) {
    const directives = structuredDirectives(field(name));
    if (directives && governs(directives)) return { field: name, directives: responseDirectives(directives) };
  }
  // Surrogate-Control predates structured fields: Cache-Control's own grammar
  const surrogate = field("surrogate-control");
  const directives = parseDirectives(surrogate ?? "");
  if (governs(directives)) return { field: "surrogate-control", directives: responseDirectives(directives) };
  const cacheControl = field("cache-control");
  if (cacheControl === undefined) return NOTHING;
  return { field: "cache-control", directives: responseDirectives(parseDirectives(cacheControl)) };
}

/** Directives that say whether a response may be stored, and for how long (RFC 9111 5.2.2). */
export const GOVERNING: readonly string[] = [
  "max-age",
  "s-maxage",
  "no-store",
  "no-cache",
  "private",
  "public",
  "must-revalidate",
  "proxy-revalidate",
  "must-understand",
];

/** A targeted field that only names another mechanism, such as ESI, or only a stale window, leaves the decision on storing to the next field. */
function governs(directives: Directives): boolean {
  return GOVERNING.some((name) => directives.has(name));
}

/** Prohibitions in any of the fields that speak to caches, whichever of them governs. */
export function restrictionIn(field: FieldReader): "no-store" | "private" | undefined {
  const all = CACHE_FIELDS.map((name) => responseDirectives(parseDirectives(field(name) ?? "")));
  if (all.some(({ noStore, mustUnderstand }) => noStore && !mustUnderstand)) return "no-store";
  return all.some((directives) => directives.private) ? "private" : undefined;
}

/** Every field that speaks to this cache, or to all. */
export const CACHE_FIELDS = [
  "cache-control",
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "surrogate-control",
] as const;

/** `undefined` when the field is absent, empty or not a Dictionary: it must then be ignored (RFC 9213 2.1). */
function structuredDirectives(value: string | undefined): Directives | undefined {
  if (value === undefined || trimOws(value) === "") return undefined;
  try {
    const directives = new Map<string, string | true>();
    let wrongType = false;
    for (const [name, [item]] of parseDictionary(value)) {
      if (item === false) continue;
      const isText = DURATIONS.has(name) && (typeof item === "string" || item instanceof DisplayString);
      wrongType ||= isText;
      directives.set(name, isText || Array.isArray(item) ? "" : argumentOf(item));
    }
    // of a repeated key the last counts, but a restriction counts in any case
    for (const name of RESTRICTIVE) if (timesSaid(value, name) > 1) directives.set(name, true);
    // a directive of the wrong type counts only if it restricts
    const restricts = RESTRICTIVE.some((name) => directives.has(name));
    return wrongType && !restricts ? undefined : directives;
  } catch {
    return undefined;
  }
}

const DURATIONS: ReadonlySet<string> = new Set(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]);
const RESTRICTIVE = ["no-store", "no-cache", "private"] as const;

function timesSaid(value: string, key: string): number {
  return splitList(value).filter((member) => /^[^=;\s]*/.exec(member)?.[0] === key).length;
}

function argumentOf(item: BareItem): string | true {
  return item === true ? true : String(item);
}
