// Owns ready-made stored responses and entries for tests.
import type { FieldReader } from "../../src/http/message/fields.ts";
import { type CacheKey, resourceKey } from "../../src/http/select/key.ts";
import type { Stored } from "../../src/http/law/stored.ts";
import type { Body, Entry } from "../../src/tiers/tier.ts";
import { NOON_MS } from "./clock.ts";

export type ResponseEntry = Entry & { readonly kind: "response" };

export function storedOf(changes: Partial<Stored> = {}): Stored {
  return {
    status: 200,
    headers: [["content-type", "text/plain"]],
    edgeHeaders: [],
    bodyLength: undefined,
    receivedAtMs: NOON_MS,
    initialAgeSeconds: 0,
    lifetimeSeconds: 600,
    staleWhileRevalidateSeconds: 0,
    staleIfErrorSeconds: 0,
    staleAllowed: true,
    alwaysValidate: false,
    forAuthorization: false,
    forSession: false,
    etag: undefined,
    lastModified: undefined,
    variant: {},
    targets: [],
    fence: { incarnation: "first", seq: 0 },
    ...changes,
  };
}

export function keyOf(path: string): CacheKey {
  return resourceKey({ host: "shop.test", scheme: "https", path, query: "", origin: "zone", policyVersion: "v" });
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

export function responseEntry(content: string | Uint8Array<ArrayBuffer>, changes: Partial<Stored> = {}): ResponseEntry {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return {
    kind: "response",
    stored: storedOf({ bodyLength: bytes.length, ...changes }),
    body: { kind: "bytes", bytes },
  };
}

/** The bytes of a body of either kind. */
export async function contentOf(body: Body): Promise<Uint8Array<ArrayBuffer>> {
  return body.kind === "bytes" ? body.bytes : new Uint8Array(await new Response(body.stream).arrayBuffer());
}

export async function textOf(body: Body): Promise<string> {
  return new TextDecoder().decode(await contentOf(body));
}

export function fieldsOf(fields: Readonly<Record<string, string>> = {}): FieldReader {
  return (name) => fields[name];
}

/** The same bytes for the same seed: noise that no encoding leaves as it is. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
