// Owns the shape of a rule's `vary`, and the messages about mistakes in it.
import * as v from "valibot";
import { CONTENT_CODINGS } from "../http/select/coding.ts";
import { isDeclarable } from "../http/message/field-table.ts";
import { isToken } from "../http/message/fields.ts";
import { cookiePattern, someOf } from "./scalars.ts";

const languageTag = v.pipe(
  v.string("must be a language tag"),
  v.regex(/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i, 'must be a language tag such as "de" or "pt-BR"'),
);

const mediaType = v.pipe(
  v.string("must be a media type"),
  v.regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/, 'must be a media type such as "image/avif", without parameters'),
);

export const coding = v.picklist(CONTENT_CODINGS, 'must be "br", "zstd" or "gzip"');

const namedCookie = v.pipe(
  cookiePattern,
  v.regex(/[^*]/, "must name a cookie: by all of them no two people share an answer"),
);

const headerValue = v.pipe(
  v.string("must be a string"),
  v.regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "must be visible characters, with white space only inside"),
);

/** Request field -> the option that governs it. */
const GOVERNED: ReadonlyMap<string, string> = new Map([
  ["accept-language", "languages"],
  ["accept", "media"],
  ["accept-encoding", "encodings"],
  ["user-agent", "device"],
  ["cookie", "cookies"],
]);

/** Answers to requests with Authorization are not shared at all, so no key needs it; the others are instructions to caches. */
const REFUSED: ReadonlySet<string> = new Set(["authorization", "cache-control", "pragma"]);

const headerName = v.pipe(
  v.string(),
  v.check(isToken, "its key must be the name of a header"),
  v.check(
    (name) => !GOVERNED.has(name.toLowerCase()),
    ({ input }) => `has an option of its own: vary.${GOVERNED.get(input.toLowerCase()) ?? ""}`,
  ),
  v.check(isReducible, "must be a header of the client's that reaches the origin and may choose a shared answer"),
);

function isReducible(name: string): boolean {
  const lower = name.toLowerCase();
  return GOVERNED.has(lower) || (isDeclarable(lower) && !REFUSED.has(lower));
}

const headers = v.pipe(
  v.record(headerName, someOf(headerValue)),
  v.check((record) => Object.keys(record).length > 0, "must not be empty"),
  v.check((record) => {
    const names = Object.keys(record).map((name) => name.toLowerCase());
    return new Set(names).size === names.length;
  }, "must not name a header twice"),
);

export const vary = v.strictObject({
  /** The site's languages; the first is the default. */
  languages: v.optional(someOf(languageTag)),
  /** Media types in the site's order of preference. */
  media: v.optional(someOf(mediaType)),
  /** Content codings in the site's order of preference. */
  encodings: v.optional(someOf(coding)),
  /** The User-Agent is reduced to mobile, tablet, desktop or bot. */
  device: v.optional(v.literal(true, "must be true or absent")),
  /** Cookies the origin sees; it sees no others. */
  cookies: v.optional(someOf(namedCookie)),
  /** Request header -> the values it may have. */
  headers: v.optional(headers),
  /** Variants kept per resource. */
  max: v.optional(
    v.pipe(
      v.number("must be a number of variants"),
      v.integer("must be a whole number of variants"),
      v.minValue(1, "must be at least 1"),
      v.maxValue(256, "must be at most 256"),
    ),
  ),
});
