// Owns a site's changes to a known list of names: it adds to the list, or replaces it explicitly.
import * as v from "valibot";

export type NameList = readonly string[] | { readonly only: readonly string[] };

/** `["a"]` adds to the known list; `{ only: ["a"] }` takes its place. */
export function nameList(item: v.GenericSchema<string>): v.GenericSchema<NameList> {
  const list = v.array(item, "must be a list");
  return v.union(
    [list, v.strictObject({ only: list })],
    "must be a list of names, which adds to the known ones, or { only: [...] }, which replaces them",
  );
}

/** The names that count: a site's own, and the known ones unless the site replaces them. */
export function namesOf(list: NameList | undefined, known: readonly string[]): readonly string[] {
  if (list === undefined) return known;
  return "only" in list ? list.only : [...list, ...known];
}
