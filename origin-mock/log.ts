// Owns a line of the log: one line, whatever stands in it.
import { messageOf } from "./error.ts";

/** Paths and messages have what clients sent: as it came it could end the line, begin another, or move the cursor. */
export function logLine(what: string, error: unknown): string {
  return `shop: ${what}: ${messageOf(error)}`.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
