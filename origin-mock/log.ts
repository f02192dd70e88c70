// Owns the format of the log: one line an entry, whatever the text contains.
import { messageOf } from "./error.ts";

/** Paths and messages contain what clients sent, which could end the line, forge another, or move the cursor. */
export function logLine(what: string, error: unknown): string {
  return `shop: ${what}: ${messageOf(error)}`.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
