// Owns the proof of the deception guard: ambiguous paths, and static names that answer with a page.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAmbiguousPath, isAsset, isTypeMismatch } from "../../../src/http/law/deception.ts";

describe("ambiguous paths", () => {
  it.each([
    ["an encoded slash", "/account%2fx.css"],
    ["an encoded slash in capitals", "/account%2Fx.css"],
    ["an encoded backslash", "/account%5cx.css"],
    ["a backslash", "/account\\x.css"],
    ["a NUL", "/account%00.css"],
    ["a line feed", "/account%0a.css"],
    ["a carriage return", "/account%0D.css"],
    ["a tab", "/account%09.css"],
    ["another control character", "/account%1f.css"],
    ["DEL", "/account%7F.css"],
    ["a path parameter", "/account;x.css"],
    ["an encoded path parameter", "/account%3bx.css"],
    ["an encoded question mark", "/account%3fx.css"],
    ["an encoded number sign", "/account%23x.css"],
    ["double encoding", "/account%252fx.css"],
    ["an encoded dot", "/static/%2e%2e/account"],
    ["a dot segment", "/static/../account"],
    ["a dot segment at the end", "/static/.."],
    ["a single dot", "/static/./x"],
    ["an empty segment", "//account"],
    ["an empty segment inside", "/static//account"],
  ])("%s", (_, path) => {
    expect(isAmbiguousPath(path)).toBe(true);
  });

  it.each([
    ["the root", "/"],
    ["a file", "/static/app.3f2a.js"],
    ["a hidden file", "/.well-known/security.txt"],
    ["dots in a name", "/a..b/c...d"],
    ["a name that ends in a dot", "/a./b"],
    ["encoded letters outside ASCII", "/caf%C3%A9/%E2%82%AC"],
    ["an encoded space", "/a%20b"],
    ["a trailing slash", "/a/b/"],
    ["sub-delimiters", "/a,b=c&d+e!(f)*'@:$~_-"],
  ])("not %s", (_, path) => {
    expect(isAmbiguousPath(path)).toBe(false);
  });

  it("with any text around it", () => {
    const piece = fc.stringMatching(/^[a-z0-9._-]{0,8}$/);
    const bad = fc.constantFrom("%2f", "%5C", ";", "%00", "%0A", "%25", "/../", "//", "%3B");
    fc.assert(
      fc.property(piece, bad, piece, (before, middle, after) => {
        expect(isAmbiguousPath(`/${before}${middle}${after}`)).toBe(true);
      }),
    );
  });
});

describe("a static name with another type", () => {
  const HTML = "text/html; charset=utf-8";

  it.each([
    ..."css js mjs map wasm pdf zip gz png jpg jpeg gif webp avif ico bmp svg woff woff2 ttf otf eot".split(" "),
    ..."mp3 ogg wav mp4 webm mov".split(" "),
    ..."csv doc docx xls xlsx ppt pptx exe dmg apk tar bz2 7z rar tif tiff swf jar iso bin".split(" "),
  ])(".%s answered with a page or data", (extension) => {
    expect(isTypeMismatch(`/account/x.${extension}`, 200, HTML)).toBe(true);
    expect(isTypeMismatch(`/account/x.${extension.toUpperCase()}`, 200, "TEXT/HTML")).toBe(true);
  });

  it.each([
    ["css", "text/css; charset=utf-8"],
    ["CSS", "Text/CSS"],
    ["js", "text/javascript"],
    ["js", "application/javascript"],
    ["mjs", "application/x-javascript"],
    ["map", "application/json"],
    ["wasm", "application/wasm"],
    ["png", "image/webp"],
    ["svg", "image/svg+xml"],
    ["ico", "image/vnd.microsoft.icon"],
    ["woff2", "font/woff2"],
    ["woff", "application/font-woff"],
    ["eot", "application/vnd.ms-fontobject"],
    ["gz", "application/gzip"],
    ["pdf", "application/pdf"],
    ["mp4", "video/mp4"],
    ["ogg", "application/ogg"],
    ["zip", "application/octet-stream"],
  ])(".%s answered with %s is what it says", (extension, type) => {
    expect(isTypeMismatch(`/x.${extension}`, 200, type)).toBe(false);
  });

  it.each([
    ["JSON for a script", "/api/me.js", 200, "application/json", true],
    ["the type's name inside a parameter", "/x.js", 200, "text/html; profile=javascript", true],
    ["the type's name inside another type's parameter", "/x.woff", 200, "text/html; font=1", true],
    ["no extension", "/account", 200, HTML, false],
    ["an extension nobody takes for a file", "/account.v2", 200, HTML, false],
    ["an extension inside the path", "/x.css/account", 200, HTML, false],
    ["a page by its own name", "/index.html", 200, HTML, false],
    ["not found", "/x.css", 404, HTML, false],
    ["a redirect", "/x.css", 302, HTML, false],
    ["no type at all", "/x.css", 200, undefined, true],
    ["no type, and no name of a file", "/account", 200, undefined, false],
  ])("%s", (_, path, status, type, verdict) => {
    expect(isTypeMismatch(path, status, type)).toBe(verdict);
  });
});

const PAGE = "text/html; charset=utf-8";

describe("names of static files", () => {
  const NAMES =
    `css js mjs cjs map wasm png apng jpg jpeg gif webp avif heic jxl ico svg svgz woff woff2 ttf otf eot mp3 ogg opus flac wav
    mp4 webm mov m4s json jsonld geojson webmanifest ndjson xml rss atom xsl kml gpx mpd opml txt log ini ics vcf vtt srt csv tsv yml yaml
    toml sql m3u8 pdf zip gz tgz br zst 7z tar apk exe dmg deb rpm whl parquet glb epub doc docx xls xlsx ppt pptx rtf ps`.split(
      /\s+/,
    );

  it.each(NAMES)("a page is no .%s, nor is an answer of no type", (extension) => {
    for (const path of [`/account/x.${extension}`, `/account/x.${extension.toUpperCase()}`]) {
      for (const type of [PAGE, "application/xhtml+xml", undefined]) expect(isTypeMismatch(path, 200, type)).toBe(true);
      expect(isTypeMismatch(path, 404, PAGE)).toBe(false);
    }
  });

  it.each([
    ["json", "application/json; charset=utf-8"],
    ["json", "application/problem+json"],
    ["json", "text/plain"],
    ["webmanifest", "application/manifest+json"],
    ["geojson", "application/geo+json"],
    ["xml", "application/xml"],
    ["xml", "text/xml"],
    ["rss", "application/rss+xml"],
    ["atom", "application/atom+xml; charset=utf-8"],
    ["txt", "text/plain"],
    ["csv", "text/csv"],
    ["csv", "application/vnd.ms-excel"],
    ["yaml", "application/yaml"],
    ["ics", "text/calendar"],
    ["map", "application/json"],
    ["m3u8", "application/vnd.apple.mpegurl"],
    ["gz", "application/gzip"],
    ["svg", "image/svg+xml"],
    ["cjs", "application/javascript"],
  ])("a .%s of type %s is what it says", (extension, type) => {
    expect(isTypeMismatch(`/x.${extension}`, 200, type)).toBe(false);
  });

  it.each([
    ["foo", PAGE, true],
    ["foo", undefined, true],
    ["foo", "application/octet-stream", false],
    ["foo", "text/plain", false],
    ["html", PAGE, false],
    ["php", PAGE, false],
    ["aspx", PAGE, false],
  ])("a rule for *.%s makes a static name of it, unless pages are called so: %s", (extension, type, verdict) => {
    expect(isTypeMismatch(`/account/x.${extension}`, 200, type, extension)).toBe(verdict);
    expect(isTypeMismatch(`/account/x.${extension}`, 200, type)).toBe(false);
  });
});

describe("assets, whose cookies make no difference", () => {
  it.each([
    ["/a.css", "text/css", true],
    ["/a.js", "text/javascript; charset=utf-8", true],
    ["/a.PNG", "image/png", true],
    ["/a.woff2", "font/woff2", true],
    ["/a.mp4", "video/mp4", true],
    ["/a.css", PAGE, false],
    ["/a.css", undefined, false],
    ["/a.json", "application/json", false],
    ["/a.pdf", "application/pdf", false],
    ["/a.txt", "text/plain", false],
    ["/a", "text/css", false],
  ])("%s of type %s: %s", (path, type, verdict) => {
    expect(isAsset(path, 200, type)).toBe(verdict);
    expect(isAsset(path, 404, type)).toBe(false);
  });
});
