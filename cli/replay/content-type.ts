// Owns the content type and lifetime that fit a target: an access log records neither.

/** Extension to media type; an extension that is not listed is `application/octet-stream`, none at all is HTML. */
const TYPE_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["html", "text/html"],
  ["htm", "text/html"],
  ["xhtml", "text/html"],
  ["php", "text/html"],
  ["asp", "text/html"],
  ["aspx", "text/html"],
  ["jsp", "text/html"],
  ["cgi", "text/html"],
  ["css", "text/css"],
  ["js", "text/javascript"],
  ["mjs", "text/javascript"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["avif", "image/avif"],
  ["svg", "image/svg+xml"],
  ["ico", "image/x-icon"],
  ["bmp", "image/bmp"],
  ["woff", "font/woff"],
  ["woff2", "font/woff2"],
  ["ttf", "font/ttf"],
  ["otf", "font/otf"],
  ["eot", "application/vnd.ms-fontobject"],
  ["rss", "application/rss+xml"],
  ["rss20", "application/rss+xml"],
  ["atom", "application/atom+xml"],
  ["rdf", "application/rdf+xml"],
  ["xml", "application/xml"],
  ["json", "application/json"],
  ["txt", "text/plain"],
  ["log", "text/plain"],
  ["md", "text/plain"],
  ["c", "text/plain"],
  ["h", "text/plain"],
  ["py", "text/plain"],
  ["rb", "text/plain"],
  ["sh", "text/plain"],
  ["pl", "text/plain"],
  ["patch", "text/plain"],
  ["diff", "text/plain"],
  ["spec", "text/plain"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["gz", "application/gzip"],
  ["tgz", "application/gzip"],
  ["bz2", "application/x-bzip2"],
  ["jar", "application/java-archive"],
  ["mp3", "audio/mpeg"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
]);

const LIFETIMES: readonly { readonly types: RegExp; readonly cacheControl: string }[] = [
  {
    types: /^(?:image\/|font\/|text\/css|text\/javascript|application\/vnd\.ms-fontobject)/,
    cacheControl: "public, max-age=86400",
  },
  { types: /^text\/html/, cacheControl: "public, max-age=300, stale-while-revalidate=60" },
  { types: /^application\/(?:rss\+|atom\+|rdf\+)?xml/, cacheControl: "public, max-age=900" },
];

const BRIEFLY_CACHEABLE: ReadonlySet<number> = new Set([301, 302, 404]);
const FEED_QUERY = /[?&](?:flav|feed|format|output|type|alt)=(?<format>rss|atom)/i;
const HTML = "text/html";

export function contentTypeOf(target: string, status: number): string {
  // Redirects and errors carry the server's own page, whatever the path is called.
  if (status >= 300) return HTML;
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  const extension = /\.([a-z][a-z0-9]{0,9})$/i.exec(path.slice(path.lastIndexOf("/") + 1))?.[1];
  if (extension !== undefined) return TYPE_BY_EXTENSION.get(extension.toLowerCase()) ?? "application/octet-stream";
  const feed = FEED_QUERY.exec(query === -1 ? "" : target.slice(query))?.groups?.["format"];
  return feed === undefined ? HTML : `application/${feed.toLowerCase()}+xml`;
}

/** @param method only GET and HEAD answers are given a lifetime. */
export function cacheControlOf(method: string, status: number, contentType: string): string {
  if (method !== "GET" && method !== "HEAD") return "no-store";
  if (BRIEFLY_CACHEABLE.has(status)) return "public, max-age=60";
  if (status >= 300) return "no-store";
  return LIFETIMES.find(({ types }) => types.test(contentType))?.cacheControl ?? "public, max-age=3600";
}
