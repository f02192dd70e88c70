// Owns the choice of one language for an Accept-Language field: lookup (RFC 4647 3.4) with weights (RFC 9110 12.5.4).
import { weightsOf } from "../message/weights.ts";

/** RFC 4647 2.1: a basic language range. */
const LANGUAGE_RANGE = /^(?:\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)$/;

/**
 * The tag of `available` that the field asks for most, spelled as given there; `undefined` where the field is absent or
 * asks for none of them. `de-CH` finds `de`, but `de` does not find `de-CH`. A language with a weight of 0 is never chosen.
 */
export function selectLanguage(acceptLanguage: string | undefined, available: readonly string[]): string | undefined {
  if (acceptLanguage === undefined) return undefined;
  const ranges = [...weightsOf(acceptLanguage)].filter(([range]) => LANGUAGE_RANGE.test(range));
  const tags = available.map((tag) => describe(tag, ranges)).filter(({ excluded }) => !excluded);
  const wanted = ranges.filter(([, weight]) => weight > 0).sort(([, a], [, b]) => b - a);
  for (const [range] of wanted) {
    const found = range === "*" ? tags.find(({ named }) => !named) : lookUp(range, tags);
    if (found) return found.tag;
  }
  return undefined;
}

type Range = readonly [range: string, weight: number];

interface Tag {
  readonly tag: string;
  readonly lower: string;
  /** Some range other than `*` matches it. */
  readonly named: boolean;
  readonly excluded: boolean;
}

/** The most specific range that matches a tag decides whether it is excluded (RFC 4647 3.3.1). */
function describe(tag: string, ranges: readonly Range[]): Tag {
  const lower = tag.toLowerCase();
  let decisive: Range | undefined;
  for (const range of ranges) {
    if (!filters(range[0], lower)) continue;
    if (!decisive || decisive[0] === "*" || (range[0] !== "*" && range[0].length > decisive[0].length))
      decisive = range;
  }
  return { tag, lower, named: decisive !== undefined && decisive[0] !== "*", excluded: decisive?.[1] === 0 };
}

function filters(range: string, tag: string): boolean {
  return range === "*" || range === tag || tag.startsWith(`${range}-`);
}

/** Cutting a range from its end until a tag is found finds the longest tag that begins it. */
function lookUp(range: string, tags: readonly Tag[]): Tag | undefined {
  let longest: Tag | undefined;
  for (const candidate of tags) {
    const { lower } = candidate;
    const begins = range === lower || (range.startsWith(`${lower}-`) && !endsInSingleton(lower));
    if (begins && (!longest || lower.length > longest.lower.length)) longest = candidate;
  }
  return longest;
}

/** A subtag of one character is cut together with what follows it. */
function endsInSingleton(tag: string): boolean {
  return tag.at(-2) === "-";
}
