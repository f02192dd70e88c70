// Owns patterns with `{name}`: one segment of a path, whose text rule tags may use.

/** Names in a pattern or in a tag, in their order. */
export function namesIn(text: string): readonly string[] {
  return [...text.matchAll(NAME)].map(([, name = ""]) => name);
}

/** A brace that stays when every `{name}` has its value. */
export function hasStrayBrace(text: string): boolean {
  return /[{}]/.test(text.replaceAll(NAME, ""));
}

/** Why `pattern` cannot be used; `undefined` where it can. */
export function whyUnusable(pattern: string): string | undefined {
  const names = namesIn(pattern);
  if (DOT_SEGMENT.test(pattern)) return "has a dot segment, which no path has";
  if (/%[0-9a-f]?\*/i.test(pattern)) return "has a * within a percent-encoding";
  if (hasStrayBrace(pattern)) return "has a brace that belongs to no {name}";
  if (names.length === 0) return undefined;
  if (new Set(names).size < names.length) return "has two parameters of one name";
  const segments = pattern.split("/");
  if (segments.some((segment) => !/^(?:[^{]*|\{\w+\})$/.test(segment)))
    return "has a {name} that is not a whole segment between slashes";
  return pattern.slice(0, -1).includes("*") ? "with a {name} may have a * only at its end" : undefined;
}

/** The value of every `{name}` for a path that the pattern matches, as the path spells it; else `undefined`. `folded`: the form that is compared. */
export function segmentReader(
  pattern: string,
  folded: (text: string) => string = (text) => text,
): (path: string) => ReadonlyMap<string, string> | undefined {
  const { segments, isOpen } = split(pattern);
  return (path) => {
    const parts = path.split("/", segments.length + 1);
    if (parts.length < segments.length || (!isOpen && parts.length > segments.length)) return undefined;
    const values = new Map<string, string>();
    for (const [index, segment] of segments.entries()) {
      const part = parts[index] ?? "";
      const [name] = namesIn(segment);
      const isLast = isOpen && index === segments.length - 1;
      if (name === undefined) {
        const [read, wanted] = [folded(part), folded(segment)];
        if (isLast ? !read.startsWith(wanted) : read !== wanted) return undefined;
      } else if (part === "") return undefined;
      else values.set(name, part);
    }
    return values;
  };
}

/** The tags of a path: `{name}` replaced by its value. A value that no tag can hold stays in the path's spelling. */
export function tagsWith(tags: readonly string[], values: ReadonlyMap<string, string>): readonly string[] {
  return tags.map((tag) => tag.replaceAll(NAME, (_, name: string) => readable(values.get(name) ?? "")));
}

/** As URL parsers read them. */
const DOT_SEGMENT = /[/\\](?:\.|%2e){1,2}(?:[/\\]|$)/i;

const NAME = /\{([a-zA-Z_]\w*)\}/g;

/** Segments, the last one without its star; `isOpen`: whether anything may follow. */
function split(pattern: string): { readonly segments: readonly string[]; readonly isOpen: boolean } {
  const isOpen = pattern.endsWith("*");
  return { segments: (isOpen ? pattern.slice(0, -1) : pattern).split("/"), isOpen };
}

function readable(part: string): string {
  if (!part.includes("%")) return part;
  try {
    const decoded = decodeURIComponent(part);
    return /[\s,\p{Cc}]/u.test(decoded) ? part : decoded;
  } catch {
    return part;
  }
}
