// Owns the index of a resource that varies: its fields, its variants, their keys, and which request selects which.
import type { FieldReader } from "../http/fields.ts";
import { type CacheKey, variantKey } from "../http/key.ts";
import type { Stored } from "../http/stored.ts";
import { languageOf, MAX_VARY_FIELDS, matchesVariant, preferredLanguage, variantOf } from "../http/vary.ts";
import type { KnownIndex, Place, VaryIndex } from "./tier.ts";

/** The key of the variant that the place's request selects. */
export function selectedKey({ key, request }: Pick<Place, "key" | "request">, index: VaryIndex): CacheKey {
  return variantKey(key, index.generation, variantOf(index.fields, request));
}

/** The key under which a stored response is filed. */
export function ownKey({ key, request }: Pick<Place, "key" | "request">, index: VaryIndex, stored: Stored): CacheKey {
  return selectedKey({ key, request: selectingReader(request, stored) }, index);
}

/** The request by which a response was selected; that need not be `request`, which may have found it by its language. */
export function selectingReader(request: FieldReader, { variant }: Stored): FieldReader {
  return (name) => (Object.hasOwn(variant, name) ? (variant[name] ?? undefined) : request(name));
}

/**
 * The request as it is; then, where a variant in the one language it likes best is known, the request that selected that one:
 * what is stored in that language is what the origin would choose (RFC 9111 4.1).
 */
export function selections(
  { request, fragments = [] }: Pick<Place, "request" | "fragments">,
  index: VaryIndex,
): readonly Selection[] {
  const own: Selection = { request, fragments };
  const language = index.languages.length > 0 ? preferredLanguage(request("accept-language")) : undefined;
  const accepted = index.languages.find(([known]) => known === language)?.[1];
  if (accepted === undefined) return [own];
  const selecting: FieldReader = (name) => (name === "accept-language" ? accepted : request(name));
  return [own, { request: selecting, fragments, language }];
}

/** What another request selected is taken for its language: it may have become something else since the index was written. */
export function isSelected(stored: Stored, { request, fragments = [], language }: Selection): boolean {
  const { variant } = stored;
  // an answer that was told apart by no such mark is the whole page
  if (fragments.some((name) => !Object.hasOwn(variant, name))) return false;
  return matchesVariant(variant, request) && (language === undefined || foundLanguage(stored) === language);
}

interface Selection {
  readonly request: FieldReader;
  readonly fragments?: readonly string[] | undefined;
  /** Present where the request is another's. */
  readonly language?: string | undefined;
}

/** The index with what one more response varies on; `undefined` where that is too much: every lookup would read all its fields. */
export function extended(known: VaryIndex | undefined, stored: Stored): VaryIndex | undefined {
  const fields = [...new Set([...Object.keys(stored.variant), ...(known?.fields ?? [])])].sort();
  if (fields.length > MAX_VARY_FIELDS) return undefined;
  return {
    generation: known?.generation ?? crypto.randomUUID(),
    fields,
    variants: known?.variants ?? [],
    languages: mergedLanguages(languagesOf(stored), known?.languages ?? []),
  };
}

/** Whether a response tells an index nothing new: neither a field nor, where there is room for one, a language. */
export function covers({ fields, languages }: VaryIndex, stored: Stored): boolean {
  const isKnown = ([language]: readonly [string, string]) => languages.some(([known]) => known === language);
  return (
    Object.keys(stored.variant).every((name) => fields.includes(name)) &&
    (languages.length >= MAX_LANGUAGES || languagesOf(stored).every(isKnown))
  );
}

export interface Indexed {
  readonly index: VaryIndex;
  /** Where the new variant is filed. */
  readonly own: CacheKey;
  /** Variants that had to go. */
  readonly dropped: readonly CacheKey[];
}

/**
 * The index after one more variant. Where more than `maxVariants` would be known the oldest that was not hit since its fill goes,
 * or else the oldest of which this isolate knows nothing; `undefined` where all were hit, or where the resource's responses vary on
 * too many fields together: then the new one is not kept.
 */
export function withVariant(
  place: Place,
  known: VaryIndex | undefined,
  stored: Stored,
  wasHit: (variant: CacheKey) => boolean | undefined,
): Indexed | undefined {
  const next = extended(known, stored);
  if (!next) return undefined;
  const own = ownKey(place, next, stored);
  const others = next.variants.filter((variant) => variant !== own);
  const dropped: CacheKey[] = [];
  while (others.length - dropped.length >= place.maxVariants) {
    const left = others.filter((variant) => !dropped.includes(variant));
    const idle =
      left.find((variant) => wasHit(variant) === false) ?? left.find((variant) => wasHit(variant) === undefined);
    if (idle === undefined) return undefined;
    dropped.push(idle);
  }
  const variants = [...others.filter((variant) => !dropped.includes(variant)), own];
  return { index: { ...next, variants }, own, dropped };
}

function languagesOf(stored: Stored): VaryIndex["languages"] {
  const language = foundLanguage(stored);
  const accepted = stored.variant["accept-language"];
  return language === undefined || accepted === undefined || accepted === null ? [] : [[language, accepted]];
}

/** A page that is missing is missing in every language. */
function foundLanguage({ status, headers }: Pick<Stored, "status" | "headers">): string | undefined {
  return status === 200 ? languageOf(headers) : undefined;
}

/** What two tiers know together. */
export function mergedIndex(a: KnownIndex | undefined, b: KnownIndex | undefined): KnownIndex | undefined {
  if (!a || !b) return a ?? b;
  const inGlobal = a.inGlobal ?? b.inGlobal;
  const known = inGlobal && { inGlobal };
  // made apart from each other: the nearer one goes on
  if (a.generation !== b.generation) return { ...a, ...known };
  const fields = [...new Set([...a.fields, ...b.fields])].sort();
  if (fields.length > MAX_VARY_FIELDS) return { ...a, ...known };
  return {
    ...known,
    generation: a.generation,
    fields,
    variants: [...new Set([...a.variants, ...b.variants])],
    languages: mergedLanguages(a.languages, b.languages),
  };
}

/** As many as a default resource has variants: a language beyond them is found by its own spelling only. */
const MAX_LANGUAGES = 16;

/** Of two requests that selected a language the first counts. */
function mergedLanguages(a: VaryIndex["languages"], b: VaryIndex["languages"]): VaryIndex["languages"] {
  const others = b.filter(([language]) => a.every(([known]) => known !== language));
  return [...a, ...others].slice(0, MAX_LANGUAGES);
}
