// Owns purge targets: the names a stored response can be purged by, held as 64-bit hashes. A collision only over-purges.
import { hash64 } from "./hash.ts";

declare const brand: unique symbol;
/** 16 hexadecimal digits. */
export type TargetHash = string & { readonly [brand]: "TargetHash" };

/** One thing to purge. Later kinds (url, path, prefix, host, everything) join here. */
export interface Target {
  readonly kind: "tag" | "group";
  readonly value: string;
}

/** The canonical spelling of a target, as the purge log records it. */
export function targetName(target: Target): string {
  return `${target.kind}:${target.value}`;
}

export function targetHash(target: Target): TargetHash {
  return hash64(targetName(target)) as TargetHash;
}
