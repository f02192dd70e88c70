// Owns purge targets: the names a stored response can be purged by, held as 64-bit hashes. A collision only over-purges.
import type { Location } from "../message/facts.ts";
import { hash64, hashesOfStarts } from "../message/hash.ts";

declare const brand: unique symbol;
/** 16 hexadecimal digits. */
export type TargetHash = string & { readonly [brand]: "TargetHash" };

/**
 * One thing to purge, in its canonical spelling: a tag as it is; a group as groups.ts binds it to its origin; a URL with
 * scheme, host, path and query; a path or a prefix of one after its host, or without one for every host; a host with its
 * port where it is not the scheme's own; "" for everything. `browsers` names the host whose browser caches are dropped, "" for all.
 */
export interface Target {
  readonly kind: "tag" | "group" | "url" | "path" | "prefix" | "host" | "everything" | "browsers";
  readonly value: string;
}

export const EVERYTHING: Target = { kind: "everything", value: "" };

/** The canonical spelling of a target, as the purge log records it. */
export function targetName(target: Target): string {
  return `${target.kind}:${target.value}`;
}

export function targetHash(target: Target): TargetHash {
  return hash64(targetName(target)) as TargetHash;
}

const EVERYTHING_HASH = targetHash(EVERYTHING);

export function urlTarget({ scheme, host, path, query }: Location): Target {
  return { kind: "url", value: `${scheme}://${host}${path}${query}` };
}

/** Targets of a response that follow from its location; its tags and groups come with it. */
export function locationTargets(location: Location): readonly TargetHash[] {
  const { host, path } = location;
  return [
    EVERYTHING_HASH,
    targetHash({ kind: "host", value: host }),
    targetHash(urlTarget(location)),
    targetHash({ kind: "path", value: host + path }),
    targetHash({ kind: "path", value: path }),
  ];
}

/** The prefixes of a location that have one of the given lengths, with its host and without. `lengths`: ascending, of the values. */
export function prefixTargets({ host, path }: Location, lengths: readonly number[]): readonly TargetHash[] {
  const kind = "prefix:";
  return [host + path, path].flatMap((value) => hashesOfStarts(kind, value, lengths) as TargetHash[]);
}
