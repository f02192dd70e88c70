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

/** For files of any binary type: no page and no API answers with one. */
const notAPage: TypeTest = (type) =>
  !/^(?:text\/html|application\/xhtml\+xml|application\/(?:[\w.+-]+\+)?json)$/.test(type);

const script = oneOf(/^(?:text|application)\/(?:x-)?(?:javascript|ecmascript)$/);
const media = oneOf(/^(?:audio|video)\/|^application\/ogg$/);

const json = oneOf(
  /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:5|-seq)?$|^application\/(?:x-)?(?:ndjson|jsonlines)$|^text\/plain$/,
);
const xml = oneOf(
  /^(?:application|text)\/(?:(?!xhtml\b)(?:[\w.-]+\+)?xml(?:-dtd)?|xsl|xslt)$|^image\/svg\+xml$|^text\/(?:plain|vtt)$/,
);
const text = oneOf(/^text\/(?!html$)/);

/** Pages embed these files by URL, and everybody gets the same. */
const ASSET_TYPES: ReadonlyMap<string, TypeTest> = new Map([
  ["css", oneOf(/^text\/css$/)],
  ...extensions("js mjs cjs", script),
  ["map", oneOf(/^(?:application\/json|text\/plain)$/)],
  ["wasm", oneOf(/^application\/wasm$/)],
  ...extensions("png apng jpg jpeg jfif gif webp avif heic heif jxl ico cur bmp svg svgz tif tiff", oneOf(/^image\//)),
  ...extensions("woff woff2 ttf otf eot", oneOf(/^font\/|^application\/(?:x-)?(?:font|vnd\.ms-fontobject)/)),
  ...extensions(
    "mp3 ogg oga ogv opus aac flac wav m4a m4v mid midi mp4 mpg mpeg webm mov avi mkv flv wmv 3gp m4s",
    media,
  ),
]);

const STATIC_TYPES: ReadonlyMap<string, TypeTest> = new Map([
  ...ASSET_TYPES,
  ...extensions("json json5 jsonl ndjson jsonld geojson topojson webmanifest har gltf", json),
  ...extensions("xml rss atom rdf xsd xsl xslt dtd kml gpx mpd wsdl opml sitemap", xml),
  ...extensions("txt log ini cfg conf env vcf vtt srt diff patch", text),
  ...extensions("csv tsv", oneOf(/^text\/(?!html$)|^application\/(?:csv|vnd\.ms-excel)$/)),
  ...extensions("yml yaml toml sql ics", oneOf(/^text\/(?!html$)|^application\/(?:x-)?(?:yaml|toml|sql|ics)$/)),
  ...extensions("m3u m3u8", oneOf(/mpegurl$|^text\/plain$/)),
  ...extensions(
    "pdf zip gz tgz bz2 xz zst br lz4 7z rar tar jar war apk aab ipa exe dmg pkg iso img bin dat deb rpm msi msix",
    notAPage,
  ),
  ...extensions(
    "cab crx xpi whl gem nupkg swf class parquet glb psd ai epub mobi azw3 sqlite db torrent p12 pfx pem crt cer der",
    notAPage,
  ),
  ...extensions("doc docx xls xlsx ppt pptx odt ods odp rtf ps eps ejs pict pages numbers key", notAPage),
]);

function extensions(names: string, test: TypeTest): (readonly [string, TypeTest])[] {
  return names.split(" ").map((name) => [name, test] as const);
}

/** Statuses whose content is the resource's, whole or in part. */
const CONTENT: ReadonlySet<number> = new Set([200, 203, 206]);

const EXTENSION = /\.([a-z0-9]+)$/i;

/** Names of pages and programs: a rule for them says nothing of static files. */
const PAGES: ReadonlySet<string> = new Set(
  "htm html xhtml shtml php php3 php5 phtml asp aspx ashx jsp jspx jsf do action cgi pl cfm amp".split(" "),
);

function extensionOf(path: string): string {
  return EXTENSION.exec(path)?.[1]?.toLowerCase() ?? "";
}

function typeOf(contentType: string): string {
  const [type = ""] = contentType.split(";", 1);
  return type.trim().toLowerCase();
}

/**
 * True when a path that looks like a static file gets a successful answer of another type, or of none. `ruled`:
 * an extension that the site's rule names, which then is a static file's too.
 */
export function isTypeMismatch(path: string, status: number, contentType: string | undefined, ruled?: string): boolean {
  if (!CONTENT.has(status)) return false;
  const extension = extensionOf(path);
  const fits = STATIC_TYPES.get(extension) ?? (extension === ruled && !PAGES.has(extension) ? notAPage : undefined);
  return fits !== undefined && (contentType === undefined || !fits(typeOf(contentType)));
}

/** True for a style sheet, a script, a picture, a font or a recording whose type fits its name. */
export function isAsset(path: string, status: number, contentType: string | undefined): boolean {
  const fits = CONTENT.has(status) && contentType !== undefined ? ASSET_TYPES.get(extensionOf(path)) : undefined;
  return fits?.(typeOf(contentType ?? "")) ?? false;
}
