// Owns the list of media files: a picture for every department, and a recording.
import { contentETag } from "../http/respond.ts";
import type { MediaFile } from "./file.ts";
import { pictureOf } from "./picture.ts";
import { RAIN } from "./rain.ts";

const DRAWN_AT = "Tue, 01 Sep 2026 08:00:00 GMT";

function picture(slug: string): MediaFile {
  const bytes = new Uint8Array(Buffer.from(pictureOf(slug)));
  return {
    contentType: "image/svg+xml",
    sizeBytes: bytes.byteLength,
    etag: contentETag(bytes),
    lastModified: DRAWN_AT,
    read: (from, to) => bytes.slice(from, to),
  };
}

/** By name. */
export function createLibrary(slugs: readonly string[]): ReadonlyMap<string, MediaFile> {
  return new Map([...slugs.map((slug) => [`${slug}.svg`, picture(slug)] as const), ["rain.wav", RAIN] as const]);
}
