// Owns the patterns that can be removed without looking for keys: everything, one entity, one address.
import { shopError } from "../error.ts";
import { CACHED_ENTITIES } from "./key.ts";
import type { Target } from "./removals.ts";

/**
 * `*`, `product:*`, and `product:7` or `product:7:*` (one address with its variants). An id with a colon cannot be written.
 * @throws InvalidArgument for every other pattern: it would need a search through all keys.
 */
export function parsePattern(pattern: string): Target {
  if (pattern === "*") return { kind: "everything" };
  const [name, id, variants, ...more] = pattern.split(":");
  const entity = CACHED_ENTITIES.find((known) => known === name);
  const plain = id !== undefined && !/[*?[\]\\]/.test(id);
  if (entity !== undefined && more.length === 0) {
    if (id === "*" && variants === undefined) return { kind: "entity", entity };
    if (plain && (variants === undefined || variants === "*")) return { kind: "address", address: { entity, id } };
  }
  const known = CACHED_ENTITIES.join(", ");
  const forms = '"*", "<entity>:*", "<entity>:<id>" or "<entity>:<id>:*"';
  throw shopError("InvalidArgument", `the pattern ${JSON.stringify(pattern)} is none of ${forms} with one of ${known}`);
}
