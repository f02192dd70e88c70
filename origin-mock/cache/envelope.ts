// Owns the encoding of values in Redis: JSON with a format version. Anything else that is read back counts as no value.
import { isRecord } from "../schema.ts";

const FORMAT = 1;

export function encodeEntry(value: unknown): string {
  return JSON.stringify({ format: FORMAT, value });
}

/** Undefined for another format version, for text that is not JSON, and for a value that `parse` rejects. */
export function decodeEntry<T>(text: string, parse: (value: unknown) => T | undefined): T | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return isRecord(entry) && entry["format"] === FORMAT ? parse(entry["value"]) : undefined;
  } catch {
    return undefined;
  }
}
