// Owns the stored format of the colo and global tiers: versioned; an unknown version or broken data is a miss.
import * as v from "valibot";
import type { Variant } from "../http/vary.ts";
import type { CacheKey } from "../http/key.ts";
import type { Stored } from "../http/stored.ts";
import type { TargetHash } from "../http/target.ts";
import type { Entry, VaryIndex } from "./tier.ts";

/** Raise it when `Stored` or this encoding changes: entries of another version are misses. */
export const FORMAT_VERSION = 3;

/** An entry without its body. */
export type Head =
  | { readonly kind: "response"; readonly stored: Stored }
  | { readonly kind: "vary"; readonly index: VaryIndex };

const pairs = v.array(v.tuple([v.string(), v.string()]));
const maybeText = v.optional(v.string());

const responseSchema = v.object({
  v: v.literal(FORMAT_VERSION),
  kind: v.literal("response"),
  stored: v.object({
    status: v.number(),
    headers: pairs,
    edgeHeaders: pairs,
    part: v.optional(v.object({ first: v.number(), last: v.number(), total: v.optional(v.number()) })),
    bodyLength: v.optional(v.number()),
    receivedAtMs: v.number(),
    initialAgeSeconds: v.number(),
    lifetimeSeconds: v.number(),
    staleWhileRevalidateSeconds: v.number(),
    staleIfErrorSeconds: v.number(),
    staleAllowed: v.boolean(),
    alwaysValidate: v.boolean(),
    forAuthorization: v.boolean(),
    forSession: v.boolean(),
    etag: maybeText,
    lastModified: maybeText,
    dateMs: v.optional(v.number()),
    shownEtag: maybeText,
    compressible: v.optional(v.boolean()),
    // pairs: a field may be called __proto__
    variant: v.pipe(
      v.array(v.tuple([v.string(), v.nullable(v.string())])),
      v.transform((fields): Variant => Object.fromEntries(fields)),
    ),
    targets: v.array(v.custom<TargetHash>(isText)),
    fence: v.object({ incarnation: v.string(), seq: v.number() }),
  }),
});

const varySchema = v.object({
  v: v.literal(FORMAT_VERSION),
  kind: v.literal("vary"),
  index: v.object({
    generation: v.string(),
    fields: v.array(v.string()),
    variants: v.array(v.custom<CacheKey>(isText)),
    languages: v.array(v.tuple([v.string(), v.string()])),
  }),
});

const headSchema = v.variant("kind", [responseSchema, varySchema]);

/** ASCII JSON, fit for a header field. */
export function encodeHead(entry: Entry): string {
  const head =
    entry.kind === "vary"
      ? { kind: entry.kind, index: entry.index }
      : { kind: entry.kind, stored: { ...entry.stored, variant: Object.entries(entry.stored.variant) } };
  return JSON.stringify({ v: FORMAT_VERSION, ...head }).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `undefined` for anything that is not a head of this version. */
export function decodeHead(text: string): Head | undefined {
  const parsed = v.safeParse(headSchema, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One value holding head and body: length of the head (4 bytes, big-endian), head, body. */
export function encodeFrame(entry: Entry, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(encodeHead(entry));
  const frame = new Uint8Array(4 + head.length + body.length);
  new DataView(frame.buffer).setUint32(0, head.length);
  frame.set(head, 4);
  frame.set(body, 4 + head.length);
  return frame;
}

/** `undefined` for a frame that is truncated, foreign or of another version. */
export function decodeFrame(frame: ArrayBuffer): Entry | undefined {
  if (frame.byteLength < 4) return undefined;
  const headLength = new DataView(frame).getUint32(0);
  if (4 + headLength > frame.byteLength) return undefined;
  const head = decodeHead(new TextDecoder().decode(new Uint8Array(frame, 4, headLength)));
  if (!head || head.kind === "vary") return head;
  const bytes = new Uint8Array(frame, 4 + headLength);
  const { bodyLength } = head.stored;
  if (bodyLength !== undefined && bodyLength !== bytes.length) return undefined;
  return { ...head, body: { kind: "bytes", bytes } };
}
