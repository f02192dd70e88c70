// Owns the index of a resource that varies: its fields, its variants and their keys, and which request selects which variant.
import type { FieldReader } from "../http/message/fields.ts";
import { type CacheKey, isSelectedBy, variantKey } from "../http/select/key.ts";
import type { Stored } from "../http/law/stored.ts";
import { languageOf, MAX_VARY_FIELDS, matchesVariant, preferredLanguage, variantOf } from "../http/select/vary.ts";
import type { KnownIndex, CacheSlot, VaryIndex } from "./tier.ts";
import type { HitTime } from "./variant-hits.ts";

/** The key of the variant that the slot's request selects. */
export function selectedKey({ key, request }: Pick<CacheSlot, "key" | "request">, index: VaryIndex): CacheKey {
  return variantKey(key, index.generation, variantOf(index.fields, request));
}

/** The key under which a stored response lies. */
export function ownKey(
  { key, request }: Pick<CacheSlot, "key" | "request">,
  index: VaryIndex,
  stored: Stored,
): CacheKey {
  return selectedKey({ key, request: selectingReader(request, stored) }, index);
}

/** The request that selected a stored response. It may differ from `request`, which may have found the response by its language. */
export function selectingReader(request: FieldReader, { variant }: Stored): FieldReader {
  return (name) => (Object.hasOwn(variant, name) ? (variant[name] ?? undefined) : request(name));
}

/**
 * The request itself, then, if a variant in its one preferred language is known, the request that selected that variant: the origin
 * would choose the stored response in that language (RFC 9111 4.1).
 */
export function selections(
  { request, fragments = [] }: Pick<CacheSlot, "request" | "fragments">,
  index: VaryIndex,
): readonly Selection[] {
  const own: Selection = { request, fragments };
  const language = index.languages.length > 0 ? preferredLanguage(request("accept-language")) : undefined;
  const accepted = index.languages.find(([known]) => known === language)?.[1];
  if (accepted === undefined) return [own];
  const selecting: FieldReader = (name) => (name === "accept-language" ? accepted : request(name));
  return [own, { request: selecting, fragments, language }];
}

/** A response that another request selected must still be in that language: the variant may have changed since the index was written. */
export function isSelected(stored: Stored, { request, fragments = [], language }: Selection): boolean {
  const { variant } = stored;
  // a response without this marker in its variant is the whole page
  if (fragments.some((name) => !Object.hasOwn(variant, name))) return false;
  return matchesVariant(variant, request) && (language === undefined || foundLanguage(stored) === language);
}

interface Selection {
  readonly request: FieldReader;
  readonly fragments?: readonly string[] | undefined;
  /** Present where another request stands in for this one. */
  readonly language?: string | undefined;
}

/** The index, extended by one more response; `undefined` where it would vary on too many fields, all of which every lookup would read. */
export function extended(
  { maxVariants }: Pick<CacheSlot, "maxVariants">,
  known: VaryIndex | undefined,
  stored: Stored,
): VaryIndex | undefined {
  const fields = [...new Set([...Object.keys(stored.variant), ...(known?.fields ?? [])])].sort();
  if (fields.length > MAX_VARY_FIELDS) return undefined;
  return {
    generation: known?.generation ?? crypto.randomUUID(),
    fields,
    variants: known?.variants ?? [],
    languages: mergedLanguages(languagesOf(stored), known?.languages ?? [], maxVariants),
  };
}

/** Whether the index already has the response's fields and language. A full list makes room for a new language. */
export function isIndexed({ fields, languages }: VaryIndex, stored: Stored): boolean {
  const isKnown = ([language]: readonly [string, string]) => languages.some(([known]) => known === language);
  return Object.keys(stored.variant).every((name) => fields.includes(name)) && languagesOf(stored).every(isKnown);
}

export interface Indexed {
  readonly index: VaryIndex;
  /** Key of the new variant. */
  readonly own: CacheKey;
  /** Variants dropped for it. */
  readonly dropped: readonly CacheKey[];
}

/**
 * The index with one more variant. Above `maxVariants` it drops the oldest variant that was not hit since its fill; else the oldest of
 * which this isolate knows nothing; else the least recently hit. So a new variant is always kept, and clients that invent variants lock
 * nobody out. `undefined` where the resource's responses together vary on too many fields. `lastHit`: see `MemoryTier`.
 */
export function withVariant(
  slot: CacheSlot,
  known: VaryIndex | undefined,
  stored: Stored,
  lastHit: (variant: CacheKey) => HitTime | undefined,
): Indexed | undefined {
  const next = extended(slot, known, stored);
  if (!next) return undefined;
  const own = ownKey(slot, next, stored);
  const others = next.variants.filter((variant) => variant !== own);
  const excess = others.length + 1 - slot.maxVariants;
  const dropped = excess > 0 ? leastWanted(others, lastHit).slice(0, excess) : [];
  const variants = [...others.filter((variant) => !dropped.includes(variant)), own];
  const languages = dropped.length > 0 ? languagesIn(slot.key, next.languages, variants) : next.languages;
  return { index: { ...next, variants, languages }, own, dropped };
}

/** Never hit first, then unknown, then by last hit. The sort is stable, so the older of equals comes first. */
function leastWanted(
  variants: readonly CacheKey[],
  lastHit: (variant: CacheKey) => HitTime | undefined,
): readonly CacheKey[] {
  const ranked = variants.map((variant) => ({ variant, rank: lastHit(variant) ?? UNKNOWN_RANK }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ variant }) => variant);
}

/** Between 0, the rank of a variant never hit, and the first hit. */
const UNKNOWN_RANK = 0.5;

/** A language goes with the last variant that it selects: an invented language must not take the place of a real one. */
function languagesIn(
  key: CacheKey,
  languages: VaryIndex["languages"],
  variants: readonly CacheKey[],
): VaryIndex["languages"] {
  return languages.filter(([, accepted]) =>
    variants.some((variant) => isSelectedBy(key, variant, "accept-language", accepted)),
  );
}

function languagesOf(stored: Stored): VaryIndex["languages"] {
  const language = foundLanguage(stored);
  const accepted = stored.variant["accept-language"];
  return language === undefined || accepted === undefined || accepted === null ? [] : [[language, accepted]];
}

/** Only a 200: a missing page is missing in every language. */
function foundLanguage({ status, headers }: Pick<Stored, "status" | "headers">): string | undefined {
  return status === 200 ? languageOf(headers) : undefined;
}

/** The knowledge of two tiers, joined. */
export function mergedIndex(a: KnownIndex | undefined, b: KnownIndex | undefined): KnownIndex | undefined {
  if (!a || !b) return a ?? b;
  const inGlobal = a.inGlobal ?? b.inGlobal;
  const known = inGlobal && { inGlobal };
  // two indexes made independently: keep the nearer
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

/** Languages kept at least; more where the rule keeps more variants. Above that the one listed longest ago goes. */
const MAX_LANGUAGES = 16;

/** Of two requests that selected one language, keep the first. */
function mergedLanguages(
  a: VaryIndex["languages"],
  b: VaryIndex["languages"],
  maxVariants = Math.max(a.length, b.length),
): VaryIndex["languages"] {
  const others = b.filter(([language]) => a.every(([known]) => known !== language));
  return [...a, ...others].slice(0, Math.max(MAX_LANGUAGES, maxVariants));
}
