// Owns the reading of cache-control fields, and the choice of the governing one. An unreadable field forbids storing. Pure.

export type Directives = ReadonlyMap<string, string | undefined>;

const MEMBER = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?[ \t]*)?(?:,|$)/y;

/** Undefined for a malformed list. The first of two equal directives counts (RFC 9111 4.2.1). */
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

/** In governing order (RFC 9213 2.2): the gateway stands behind the edge and obeys the same fields. */
export const CACHE_FIELDS = ["cloudflare-cdn-cache-control", "cdn-cache-control", "surrogate-control", "cache-control"];

const FORBIDDEN: Directives = new Map([["no-store", undefined]]);

/** The fields present, the governing one first. */
export function policiesOf(field: (name: string) => string | undefined): readonly Directives[] {
  return CACHE_FIELDS.flatMap((name) => {
    const value = field(name)?.trim();
    return value === undefined || value === "" ? [] : [parseDirectives(value) ?? FORBIDDEN];
  });
}

/** RFC 9111 1.2.2. Anything but a number of seconds counts as none. */
function seconds(value: string | undefined): number {
  return /^\d{1,10}$/.test(value ?? "") ? Number(value) : 0;
}

/** Zero without a lifetime: the gateway guesses none. */
export function freshSeconds(governing: Directives): number {
  for (const name of ["s-maxage", "max-age"]) if (governing.has(name)) return seconds(governing.get(name));
  return 0;
}
