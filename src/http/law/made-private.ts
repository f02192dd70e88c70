// Owns what an answer made for one session tells the caches below: that it is private, whatever the origin says of it.
import { type HeaderPairs, readerOf, splitList } from "../message/fields.ts";

/** Directives that would let a cache below share the answer. */
const SHARING = /^(?:public|private|s-maxage)(?:\s*=|$)/i;

export function withPrivate(headers: HeaderPairs): HeaderPairs {
  const directives = splitList(readerOf(headers)("cache-control") ?? "").filter(
    (directive) => !SHARING.test(directive),
  );
  const others = headers.filter(([name]) => !/^(?:cdn-)?cache-control$/i.test(name));
  return [...others, ["Cache-Control", [...directives, "private"].join(", ")]];
}
