// Owns the key of an answer: the path, what is read of the query and of the headers, for everyone or for one person. Pure.
import type { Identity } from "../auth/identify.ts";
import { localeOf } from "../http/locale.ts";
import { digestOf, gatewayName, joinParts } from "./names.ts";

export interface Asked {
  readonly path: string;
  /** As `canonicalQuery` has it. */
  readonly query: string;
  readonly acceptLanguage: string | undefined;
  /** Whose answer it is; undefined: everyone's. */
  readonly person: Identity | undefined;
}

/** As programs read it. Undefined for what has no one reading: whatever they make of it has a percent sign, as no name here. */
function nameOf(pair: string): string | undefined {
  try {
    return decodeURIComponent((pair.split("=", 1)[0] ?? "").replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/**
 * Of a query, as sent and without its question mark, the pairs whose names are read, sorted by name. The others are dropped: who
 * makes them up would fill the store with copies. Pairs stay as they were sent: two spellings of one value are two keys, never
 * two values one key. Values of one name keep their order, however the name is spelled.
 */
export function canonicalQuery(query: string, names: readonly string[]): string {
  return query
    .split("&")
    .map((pair) => ({ pair, name: nameOf(pair) }))
    .filter(({ name }) => name !== undefined && names.includes(name))
    .toSorted((a, b) => names.indexOf(a.name ?? "") - names.indexOf(b.name ?? ""))
    .map(({ pair }) => pair)
    .join("&");
}

/** GET and HEAD share it: one is the other without its body. Injective, but for what the reductions mean to join. */
export function keyParts({ path, query, acceptLanguage, person }: Asked): string {
  return joinParts([
    person === undefined ? "" : joinParts([person.username, person.role]),
    path,
    localeOf(acceptLanguage),
    query,
  ]);
}

export function answerName(asked: Asked): string {
  return gatewayName("answer", digestOf(keyParts(asked)));
}
