// Owns the deception guard: paths that origin and cache may read differently, and static names that answer with a page.

/** Encoded separators and control characters, path parameters, double encoding, dot segments, empty segments. */
const AMBIGUOUS = /%(?:[01][0-9a-f]|7f|2f|5c|25|2e|3b|3f|23)|;|\\|\/\.{1,2}(?:\/|$)|\/\//i;

/** True when two servers could disagree on which resource the path names. */
export function isAmbiguousPath(path: string): boolean {
  return AMBIGUOUS.test(path);
}

type TypeTest = (type: string) => boolean;

const oneOf =
  (pattern: RegExp): TypeTest =>
  (type) =>
    pattern.test(type) || type === "application/octet-stream";

/** For files of any binary type: what a page or an API would answer with is none. */
const notAPage: TypeTest = (type) =>
  !/^(?:text\/html|application\/xhtml\+xml|application\/(?:[\w.+-]+\+)?json)$/.test(type);

const script = oneOf(/^(?:text|application)\/(?:x-)?(?:javascript|ecmascript)$/);
const media = oneOf(/^(?:audio|video)\/|^application\/ogg$/);

const STATIC_TYPES: ReadonlyMap<string, TypeTest> = new Map([
  ["css", oneOf(/^text\/css$/)],
  ["js", script],
  ["mjs", script],
  ["map", oneOf(/^(?:application\/json|text\/plain)$/)],
  ["wasm", oneOf(/^application\/wasm$/)],
  ...extensions("png jpg jpeg gif webp avif ico bmp svg tif tiff", oneOf(/^image\//)),
  ...extensions("woff woff2 ttf otf eot", oneOf(/^font\/|^application\/(?:x-)?(?:font|vnd\.ms-fontobject)/)),
  ...extensions("mp3 ogg wav mp4 webm mov avi mkv flac m4a mid midi", media),
  ...extensions("pdf zip gz tgz bz2 xz zst 7z rar tar jar war apk exe dmg iso bin deb rpm msi swf class", notAPage),
  ...extensions("doc docx xls xlsx ppt pptx odt ods odp rtf csv ps eps ejs pict", notAPage),
]);

function extensions(names: string, test: TypeTest): (readonly [string, TypeTest])[] {
  return names.split(" ").map((name) => [name, test] as const);
}

/** Statuses whose content is the resource's, whole or in part. */
const CONTENT: ReadonlySet<number> = new Set([200, 203, 206]);

const EXTENSION = /\.([a-z0-9]+)$/i;

/** True when a path that looks like a static file is answered, successfully, with something else. */
export function isTypeMismatch(path: string, status: number, contentType: string | undefined): boolean {
  if (!CONTENT.has(status) || contentType === undefined) return false;
  const fits = STATIC_TYPES.get(EXTENSION.exec(path)?.[1]?.toLowerCase() ?? "");
  const [type = ""] = contentType.split(";", 1);
  return fits !== undefined && !fits(type.trim().toLowerCase());
}
