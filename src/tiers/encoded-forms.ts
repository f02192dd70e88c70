// Owns the encoded forms beside a body in memory: it adds them one by one, carries them over with the same bytes, and counts them.
import type { ContentCoding } from "../http/select/coding.ts";
import type { Body, Entry } from "./tier.ts";

/** The entry with one more form; `undefined` where it has that form already, or no body in memory. */
export function withForm(
  entry: Entry,
  coding: ContentCoding,
  form: Uint8Array<ArrayBuffer> | undefined,
): Entry | undefined {
  if (entry.kind !== "response" || entry.body.kind !== "bytes" || entry.body.encoded?.[coding]) return undefined;
  return { ...entry, body: { ...entry.body, encoded: { ...entry.body.encoded, [coding]: form ?? "plain" } } };
}

/** A validated response is put again with the very same bytes: its encoded forms stay. */
export function withForms(offered: Entry, before: Entry | undefined): Entry {
  const body = bytesIn(offered);
  const known = bytesIn(before);
  if (offered.kind !== "response" || !body || body.bytes !== known?.bytes || !known.encoded) return offered;
  return { ...offered, body: { ...body, encoded: known.encoded } };
}

/** The entry's body, if memory can keep it. */
export function bytesIn(entry: Entry | undefined): BytesBody | undefined {
  return entry?.kind === "response" && entry.body.kind === "bytes" ? entry.body : undefined;
}

type BytesBody = Body & { readonly kind: "bytes" };

/** Overhead of a form: its place beside the body, and the buffer's own object. Measured (decision 011). */
const FORM_BYTES = 192;

/** Bytes of a body and all its forms. */
export function sizeOfBody({ bytes, encoded = {} }: BytesBody): number {
  const sizes = Object.values(encoded).map((form) => FORM_BYTES + (form === "plain" ? 0 : form.length));
  return sizes.reduce((sum, size) => sum + size, bytes.length);
}
