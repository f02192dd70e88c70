// Owns the reading of one cache-control field, and of the one that governs the gateway. What cannot be read forbids. Pure.

export type Directives = ReadonlyMap<string, string | undefined>;

const MEMBER = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?[ \t]*)?(?:,|$)/y;

/** Undefined for what is no list of directives. Of one given twice the first counts (RFC 9111 4.2.1). */
export function parseDirectives(field: string): Directives | undefined {
  const directives = new Map<string, string | undefined>();
  MEMBER.lastIndex = 0;
  while (MEMBER.lastIndex < field.length) {
    const member = MEMBER.exec(field);
    if (member === null) return undefined;
    const [, name, quoted, plain] = member;
    const key = name?.toLowerCase();
    if (key !== undefined && !directives.has(key)) directives.set(key, quoted ?? plain);
  }
  return directives;
}

/** In the order in which they govern (RFC 9213 2.2): the gateway stands behind the edge and obeys what the edge obeys. */
export const CACHE_FIELDS = ["cloudflare-cdn-cache-control", "cdn-cache-control", "surrogate-control", "cache-control"];

const FORBIDDEN: Directives = new Map([["no-store", undefined]]);

/** The fields that are there, the governing one first. */
export function policiesOf(field: (name: string) => string | undefined): readonly Directives[] {
  return CACHE_FIELDS.flatMap((name) => {
    const value = field(name)?.trim();
    return value === undefined || value === "" ? [] : [parseDirectives(value) ?? FORBIDDEN];
  });
}

/** RFC 9111 1.2.2; what is no number of seconds is none. */
function seconds(value: string | undefined): number {
  return /^\d{1,10}$/.test(value ?? "") ? Number(value) : 0;
}

/** Zero where nothing is said: the gateway guesses no lifetime. */
export function freshSeconds(governing: Directives): number {
  for (const name of ["s-maxage", "max-age"]) if (governing.has(name)) return seconds(governing.get(name));
  return 0;
}
