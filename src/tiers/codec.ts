// Owns the stored format of the colo and global tiers. It is versioned: an unknown version or broken data is a miss.
import * as v from "valibot";
import type { CacheKey } from "../http/select/key.ts";
import type { Stored } from "../http/law/stored.ts";
import type { TargetHash } from "../http/targets/target.ts";
import type { Entry, KnownHead } from "./tier.ts";

/** Raise it when `Stored` or this encoding changes: entries of another version are misses. */
export const FORMAT_VERSION = 5;

const pairs = v.array(v.custom<readonly [string, string]>((value) => isPair(value)));
const maybeText = v.optional(v.string());

const cacheKey = v.custom<CacheKey>(isText);

const stored = v.object({
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
  openEnded: v.optional(v.boolean()),
  // pairs: a field may be called __proto__
  variant: v.array(v.custom<readonly [string, string | null]>((value) => isPair(value, isTextOrNull))),
  targets: v.array(v.custom<TargetHash>(isText)),
  fence: v.object({ incarnation: v.string(), seq: v.number() }),
});

const responseSchema = v.object({
  v: v.literal(FORMAT_VERSION),
  address: v.string(),
  kind: v.literal("response"),
  stored,
});

const varySchema = v.object({
  v: v.literal(FORMAT_VERSION),
  address: v.string(),
  kind: v.literal("vary"),
  index: v.object({
    generation: v.string(),
    fields: v.array(v.string()),
    variants: v.array(cacheKey),
    languages: pairs,
  }),
  carried: v.optional(v.object({ own: cacheKey, stored })),
});

const headSchema = v.union([responseSchema, varySchema]);

/** ASCII JSON, fit for a header field. `address`: where it is stored; an entry read at another address is a miss, whoever put it there. */
export function encodeHead(entry: KnownHead, address: string): string {
  return JSON.stringify({ v: FORMAT_VERSION, address, ...plain(entry) }).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function plain(entry: KnownHead): object {
  if (entry.kind === "response") return { kind: entry.kind, stored: inPairs(entry.stored) };
  const { kind, index, carried } = entry;
  return { kind, index, carried: carried && { own: carried.own, stored: inPairs(carried.stored) } };
}

function inPairs(record: Stored): object {
  return { ...record, variant: Object.entries(record.variant) };
}

/** `undefined` for anything but a head of this version, written for this address. */
export function decodeHead(text: string, address: string): KnownHead | undefined {
  const parsed = v.safeParse(headSchema, parseJson(text), { abortEarly: true });
  if (!parsed.success || parsed.output.address !== address) return undefined;
  const head = parsed.output;
  if (head.kind === "response") return { kind: head.kind, stored: revived(head.stored) };
  const { kind, index, carried } = head;
  return { kind, index, carried: carried && { own: carried.own, stored: revived(carried.stored) } };
}

function revived(record: v.InferOutput<typeof stored>): Stored {
  return { ...record, variant: Object.fromEntries(record.variant) };
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value);
}

function isPair(value: unknown, isSecond = isText): boolean {
  return Array.isArray(value) && value.length === 2 && isText(value[0]) && isSecond(value[1]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes of the head's length. */
const PREFIX_BYTES = 4;

/** One value holding head and body: length of the head (4 bytes, big-endian), head, body. */
export function encodeFrame(entry: Entry, body: Uint8Array, address: string): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(encodeHead(entry, address));
  const frame = new Uint8Array(PREFIX_BYTES + head.length + body.length);
  new DataView(frame.buffer).setUint32(0, head.length);
  frame.set(head, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + head.length);
  return frame;
}

/**
 * `undefined` for a frame that is foreign, of another version or address, or cut off in its head; "damaged" for our own with a body of
 * another length.
 */
export function decodeFrame(frame: ArrayBuffer, address: string): Entry | "damaged" | undefined {
  const end = headEnd(new Uint8Array(frame));
  const head = end === undefined ? undefined : decodeHeadOf(new Uint8Array(frame), end, address);
  if (!head || end === undefined) return undefined;
  const bytes = new Uint8Array(frame, end);
  const carried = head.kind === "vary" ? head.carried : head;
  if (bytes.length !== (carried ? carried.stored.bodyLength : 0)) return "damaged";
  const body = { kind: "bytes", bytes } as const;
  if (head.kind === "response") return { ...head, body };
  return { kind: head.kind, index: head.index, carried: head.carried && { ...head.carried, body } };
}

/** The head, from the beginning of a frame; "more" where that is too short. */
export function decodeBeginning(bytes: Uint8Array, address: string): KnownHead | "more" | undefined {
  const end = headEnd(bytes);
  if (end === undefined || end > bytes.length) return end !== undefined && end > MAX_HEAD_BYTES ? undefined : "more";
  return decodeHeadOf(bytes, end, address);
}

/** No head of ours is larger: 128 KB of header fields with every character escaped, and as much again for keys. */
const MAX_HEAD_BYTES = 2 ** 21;

function headEnd(bytes: Uint8Array): number | undefined {
  if (bytes.length < PREFIX_BYTES) return undefined;
  return PREFIX_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function decodeHeadOf(bytes: Uint8Array, end: number, address: string): KnownHead | undefined {
  if (end > bytes.length) return undefined;
  return decodeHead(new TextDecoder().decode(bytes.subarray(PREFIX_BYTES, end)), address);
}
