// Owns which resources are compressed files: their coding is the file's own, although many servers announce it as a content coding.
import type { ContentCoding } from "../select/coding.ts";
import { type FieldReader, trimOws } from "../message/fields.ts";

interface Files {
  /** The last part of a name. */
  readonly extension: RegExp;
  readonly type: RegExp;
}

const FILES: Readonly<Record<ContentCoding, Files>> = {
  gzip: {
    extension: /\.(?:gz|gzip|tgz|taz|cpgz|crate|svgz|emz|wmz)$/i,
    type: /^(?:(?:application|gzip)\/(?:x-)?(?:gzip|gunzip|gzipped|gzip-compressed|compressed|tgz|tar-gz|targz|gtar-compressed|compressed-tar|document)|.+\+gzip)$/,
  },
  br: { extension: /\.(?:br|tbr)$/i, type: /^(?:application\/(?:x-)?(?:br|brotli)|.+\+br)$/ },
  zstd: { extension: /\.(?:zst|zstd|tzst|tzs)$/i, type: /^(?:application\/(?:x-)?(?:zstd|zst)|.+\+zstd)$/ },
};

/**
 * Whether the body of such a response is a file in that coding: by the path, the name to save it under, or its type. A client of such a file
 * wants it as it is, to unpack it and to compare its checksum.
 */
export function isCompressedFile(path: string, field: FieldReader, coding: ContentCoding): boolean {
  const { extension, type } = FILES[coding];
  const [mediaType = ""] = (field("content-type") ?? "").split(";", 1);
  if (type.test(trimOws(mediaType).toLowerCase())) return true;
  // path parameters belong to no name
  return extension.test(path.replace(/;[^/]*$/, "")) || savedNames(field).some((name) => extension.test(name));
}

/** The names in a Content-Disposition, in both of their spellings (RFC 6266 4.3). */
function savedNames(field: FieldReader): readonly string[] {
  const disposition = field("content-disposition") ?? "";
  return [...disposition.matchAll(/;\s*filename\*?\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/gi)].map(([, name = ""]) => {
    return trimOws(name).replace(/^"|"$/g, "");
  });
}
