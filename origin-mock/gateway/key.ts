// Owns the key of an answer: the path, the sorted query and the reduced request headers, for everyone or for one person. Pure.
import type { Identity } from "../auth/identify.ts";
import { localeOf } from "../http/locale.ts";
import { digestOf, gatewayName, joinParts } from "./names.ts";

export type Asked = {
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly acceptLanguage: string | undefined;
  /** Whose answer it is; undefined: everyone's. */
  readonly person: Identity | undefined;
};

/** As programs read it. Throws URIError for what has no one reading. */
const nameOf = (pair: string): string => decodeURIComponent((pair.split("=", 1)[0] ?? "").replaceAll("+", " "));

// Pairs stay as they were sent: two spellings of one value are two keys, never two values one key. Values of one name keep
// their order, however the name is spelled; where that cannot be told nothing is moved.
const sortedPairs = (query: string): readonly string[] => {
  const pairs = query.split("&").filter((pair) => pair !== "");
  try {
    return pairs
      .map((pair) => ({ pair, name: nameOf(pair) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
      .map(({ pair }) => pair);
  } catch {
    return pairs;
  }
};

/** GET and HEAD share it: one is the other without its body. Injective, but for what the reductions mean to join. */
export const keyParts = ({ path, query, acceptLanguage, person }: Asked): string =>
  joinParts([
    person === undefined ? "" : joinParts([person.username, person.role]),
    path,
    localeOf(acceptLanguage),
    ...sortedPairs(query),
  ]);

export const answerName = (asked: Asked): string => gatewayName("answer", digestOf(keyParts(asked)));
