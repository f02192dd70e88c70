// Owns the items of a purge: each with the place it came from, and its problem, if it has one.

export const KINDS = ["tag", "url", "path", "prefix", "host"] as const;
export type Kind = (typeof KINDS)[number];

export interface Item {
  readonly kind: Kind | "everything";
  /** As it was written; "" for everything. */
  readonly value: string;
  /** `targets.txt:12`; undefined on the command line. */
  readonly place: string | undefined;
}

export interface Problem {
  readonly place?: string | undefined;
  /** `tag product:7`, or `--tag product:7` on the command line. */
  readonly target?: string | undefined;
  readonly detail: string;
}

const LONGEST_SHOWN = 120;

export function nameOf({ kind, value, place }: Item): string {
  const dashes = place === undefined ? "--" : "";
  return shown(kind === "everything" ? `${dashes}everything` : `${dashes}${kind} ${value}`);
}

/** Foreign text, cut to the length of a line. */
export function shown(text: string): string {
  return safe(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text);
}

/** Foreign text, safe for a terminal. */
export function safe(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}

export function problemLine({ place, target, detail }: Problem): string {
  return [place, target, safe(detail)].filter((part) => part !== undefined).join(": ");
}

export function problemOf(item: Item, detail: string): Problem {
  return { place: item.place, target: nameOf(item), detail };
}
