// Owns the encoded forms that stand beside a body in memory: added one by one, carried over with the same bytes, counted.
import type { ContentCoding } from "../http/select/coding.ts";
import type { Body, Entry } from "./tier.ts";

/** The entry with one form more; `undefined` where it has that one, or no body to have it of. */
export function withForm(
  entry: Entry,
  coding: ContentCoding,
  form: Uint8Array<ArrayBuffer> | undefined,
): Entry | undefined {
  if (entry.kind !== "response" || entry.body.kind !== "bytes" || entry.body.encoded?.[coding]) return undefined;
  return { ...entry, body: { ...entry.body, encoded: { ...entry.body.encoded, [coding]: form ?? "plain" } } };
}

/** A validated response is put again with the very bytes it had: their encoded forms go on with them. */
export function withForms(offered: Entry, before: Entry | undefined): Entry {
  const body = bytesIn(offered);
  const known = bytesIn(before);
  if (offered.kind !== "response" || !body || body.bytes !== known?.bytes || !known.encoded) return offered;
  return { ...offered, body: { ...body, encoded: known.encoded } };
}

/** The body of an entry, where memory can keep it. */
export function bytesIn(entry: Entry | undefined): BytesBody | undefined {
  return entry?.kind === "response" && entry.body.kind === "bytes" ? entry.body : undefined;
}

type BytesBody = Body & { readonly kind: "bytes" };

/** A form's place beside the body, and its buffer's own object. Measured (decision 011). */
const FORM_BYTES = 192;

/** Bytes of a body with all its forms. */
export function sizeOfBody({ bytes, encoded = {} }: BytesBody): number {
  const sizes = Object.values(encoded).map((form) => FORM_BYTES + (form === "plain" ? 0 : form.length));
  return sizes.reduce((sum, size) => sum + size, bytes.length);
}
