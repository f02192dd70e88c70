// Owns the names of what the gateway keeps in Redis. Whatever a client chose is in them as a digest: of one length, unreadable.
import { createHash } from "node:crypto";

// Raised when the meaning of what is stored changes: what older versions stored is then simply never asked for.
const VERSION = 1;

export type Kind = "answer" | "purges" | "limit" | "token" | "revoked-token" | "revoked-user" | "idempotency";

/** Length-prefixed, so that no two lists of parts give one text. */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("");
}

export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64url");
}

/** Purges have no version: while two of them run, one handles an event for both. */
export function gatewayName(kind: Kind, id: string): string {
  return `shop:gateway:${kind === "purges" ? "-" : VERSION}:${kind}:${id}`;
}
