// Owns which names a purge request can carry. A selector must be one, and a response with any other tag must not be stored.

/** Why no purge request can carry `name`; `undefined` where one can. White space around a name does not count. */
export function whyUnnameable(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  if (!name.isWellFormed()) return "must be well-formed text";
  return /\p{Cc}/u.test(name) ? "must not contain control characters" : undefined;
}
