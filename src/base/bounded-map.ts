// Owns a map of limited size: it forgets the entry written longest ago when a new one does not fit.

export interface BoundedMap<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  /** Writes the entry as the newest. @returns the entry forgotten for it, if one was. */
  set(key: K, value: V): readonly [key: K, value: V] | undefined;
  delete(key: K): void;
}

/** @param limit entries, at least 1. */
export function boundedMap<K, V>(limit: number): BoundedMap<K, V> {
  const entries = new Map<K, V>();
  /** Stands before the oldest entry. A new iterator for each write would walk over every gap that deletions left at the front. */
  let oldest: MapIterator<[K, V]> | undefined;
  return {
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= limit) {
        // an iterator that never moves keeps alive every table the map has outgrown
        oldest = undefined;
        return undefined;
      }
      oldest ??= entries.entries();
      const forgotten = oldest.next().value;
      if (forgotten) entries.delete(forgotten[0]);
      return forgotten;
    },
    delete: (key) => void entries.delete(key),
  };
}
