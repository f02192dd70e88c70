// Owns the rules for changing a product: which members, which values. Finds every fault.
import * as v from "valibot";
import type { ProductChanges } from "../db/products.ts";
import { check, type Checked, text, wholeNumber } from "../schema.ts";
import { DEFAULT_LOCALE, type Locale, LOCALES } from "./locale.ts";

const CHANGES = {
  name: v.exactOptional(text(200)),
  description: v.exactOptional(text(5_000)),
  price_cents: v.exactOptional(wholeNumber(0)),
  stock: v.exactOptional(wholeNumber(0)),
};
const LOCALE = v.exactOptional(v.picklist(LOCALES, `must be one of ${LOCALES.join(", ")}`), DEFAULT_LOCALE);

/** `locale` is the language of the name and the description. */
export function parseChanges(
  body: Readonly<Record<string, unknown>>,
  knownCategories: ReadonlySet<string>,
): Checked<{ readonly changes: ProductChanges; readonly locale: Locale }> {
  const isKnown = (slug: string): boolean => knownCategories.has(slug);
  const detail = "must be the slug of a category";
  const changeable = { ...CHANGES, category: v.exactOptional(v.pipe(v.string(detail), v.check(isKnown, detail))) };
  const checked = check({ ...changeable, locale: LOCALE }, body, "is not a field that can be changed");
  if (Object.keys(body).every((name) => name === "locale")) {
    const wanted = { at: "", detail: `must have at least one of ${Object.keys(changeable).join(", ")}` };
    return { ok: false, faults: [...(checked.ok ? [] : checked.faults), wanted] };
  }
  if (!checked.ok) return checked;
  const { locale, ...changes } = checked.value;
  return { ok: true, value: { changes, locale } };
}
