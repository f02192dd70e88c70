// Owns the list of media files: a picture for every department, and a recording.
import { createHash } from "node:crypto";
import type { MediaFile } from "./file.ts";
import { pictureOf } from "./picture.ts";
import { RAIN } from "./rain.ts";

const DRAWN_MS = Date.UTC(2026, 8, 1, 8, 0, 0);

function picture(slug: string): MediaFile {
  const bytes = new Uint8Array(Buffer.from(pictureOf(slug)));
  return {
    contentType: "image/svg+xml",
    sizeBytes: bytes.byteLength,
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    lastModifiedMs: DRAWN_MS,
    read: (from, to) => bytes.slice(from, to),
  };
}

/** By name. */
export function createLibrary(slugs: readonly string[]): ReadonlyMap<string, MediaFile> {
  return new Map([...slugs.map((slug) => [`${slug}.svg`, picture(slug)] as const), ["rain.wav", RAIN] as const]);
}
