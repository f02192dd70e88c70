// Owns invalidation targets for each tier, and the merging of many.
import type { CacheAddress, Entity } from "../cache/key.ts";

export interface Targets {
  readonly application: {
    readonly addresses: readonly CacheAddress[];
    /** Everything of these kinds, under whatever id. */
    readonly entities: readonly Entity[];
    readonly everything: boolean;
  };
  readonly gateway: { readonly tags: readonly string[]; readonly everything: boolean };
  readonly cdn: { readonly tags: readonly string[] };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

function distinctAddresses(addresses: readonly CacheAddress[]): readonly CacheAddress[] {
  return [...new Map(addresses.map((address) => [JSON.stringify([address.entity, address.id]), address])).values()];
}

export function mergeTargets(list: readonly Targets[]): Targets {
  return {
    application: {
      addresses: distinctAddresses(list.flatMap(({ application }) => application.addresses)),
      entities: distinct(list.flatMap(({ application }) => application.entities)),
      everything: list.some(({ application }) => application.everything),
    },
    gateway: {
      tags: distinct(list.flatMap(({ gateway }) => gateway.tags)),
      everything: list.some(({ gateway }) => gateway.everything),
    },
    cdn: { tags: distinct(list.flatMap(({ cdn }) => cdn.tags)) },
  };
}
