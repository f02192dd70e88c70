// Owns the reduced query: which parameters reach key and origin, and in which order.

export interface QueryPolicy {
  /** By name, percent-decoded; case counts. */
  readonly keeps: (name: string) => boolean;
  /** By name; parameters of one name stay in their order. */
  readonly sort: boolean;
}

/**
 * The part of a query that key and fetch both use. `query`: with its "?", or ""; so is the result. A parameter that stays, stays byte for
 * byte. Parameters are separated by "&" only (WHATWG URL 5.1): were ";" one too, a parameter could hide inside another.
 */
export function reducedQuery(query: string, policy: QueryPolicy): string {
  const kept = query
    .replace(/^\?/, "")
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => ({ parameter, name: nameOf(parameter) }))
    .filter(({ name }) => policy.keeps(name));
  if (policy.sort) kept.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return kept.length === 0 ? "" : `?${kept.map(({ parameter }) => parameter).join("&")}`;
}

/** The name as servers read it; a name that cannot be decoded is compared as written. */
function nameOf(parameter: string): string {
  const [name = ""] = parameter.split("=", 1);
  if (!/[%+]/.test(name)) return name;
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
