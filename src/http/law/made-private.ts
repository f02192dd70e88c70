// Owns `private` on an answer made for one session: caches below must not share it, whatever the origin says.
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
