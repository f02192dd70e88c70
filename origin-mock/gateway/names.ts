// Owns the gateway's key names in Redis. Client-chosen parts are digested, so they have one length and reveal nothing.
import { createHash } from "node:crypto";

// Raise it when the meaning of stored data changes: nobody asks for data of older versions.
const VERSION = 1;

export type Kind = "answer" | "purges" | "limit" | "token" | "revoked-token" | "revoked-user" | "idempotency";

/** Length-prefixed, so that no two lists of parts give the same text. */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("");
}

export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64url");
}

/** Purges have no version, because during a release one process handles an event for both versions. */
export function gatewayName(kind: Kind, id: string): string {
  return `shop:gateway:${kind === "purges" ? "-" : VERSION}:${kind}:${id}`;
}
