// Owns the deception guard: paths that origin and cache may read differently, and static names that answer with a page.

/** Encoded separators and control characters, path parameters, double encoding, dot segments. */
const AMBIGUOUS = /%2f|%5c|%00|%0a|%0d|%25|%2e|;|%3b|\\|\/\.{1,2}(?:\/|$)|\/\//i;

/** True when two servers could disagree on which resource the path names. */
export function isAmbiguousPath(path: string): boolean {
  return AMBIGUOUS.test(path);
}

const STATIC_TYPES: ReadonlyMap<string, RegExp> = new Map([
  ["css", /^text\/css/],
  ["js", /javascript|ecmascript/],
  ["mjs", /javascript|ecmascript/],
  ["map", /json|octet-stream|text\/plain/],
  ["wasm", /wasm|octet-stream/],
  ["pdf", /pdf|octet-stream/],
  ["zip", /zip|octet-stream/],
  ["gz", /gzip|octet-stream/],
  ...["png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "svg"].map(
    (e) => [e, /^image\/|octet-stream/] as const,
  ),
  ...["woff", "woff2", "ttf", "otf", "eot"].map((e) => [e, /font|octet-stream/] as const),
  ...["mp3", "ogg", "wav", "mp4", "webm", "mov"].map((e) => [e, /^audio\/|^video\/|octet-stream|ogg/] as const),
]);

const EXTENSION = /\.([a-z0-9]+)$/i;

/** True when a path that looks like a static file is answered, successfully, with something else. */
export function isTypeMismatch(path: string, status: number, contentType: string | undefined): boolean {
  if (status !== 200 || contentType === undefined) return false;
  const expected = STATIC_TYPES.get(EXTENSION.exec(path)?.[1]?.toLowerCase() ?? "");
  return expected !== undefined && !expected.test(contentType.trim().toLowerCase());
}
