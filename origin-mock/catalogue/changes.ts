// Owns the rules for changing a product: which fields, which values. Finds every fault, not the first.
import { DEFAULT_LOCALE, isLocale, type Locale, LOCALES } from "./locale.ts";
import type { ProductChanges } from "../db/products.ts";
import { type Fault, pointer } from "../http/problem.ts";

const LARGEST_INTEGER = 2_147_483_647;

type Rule = (value: unknown) => string | undefined;

function text(longest: number): Rule {
  return (value) =>
    // NUL cannot be kept in a Postgres text.
    typeof value === "string" && value.trim() !== "" && value.length <= longest && !value.includes("\0")
      ? undefined
      : `must be text of 1 to ${longest} characters`;
}

const wholeNumber: Rule = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LARGEST_INTEGER
    ? undefined
    : `must be a whole number from 0 to ${LARGEST_INTEGER}`;

export function parseChanges(
  body: Readonly<Record<string, unknown>>,
  knownCategories: ReadonlySet<string>,
): {
  readonly changes: ProductChanges;
  /** Whose name and description are meant. */
  readonly locale: Locale;
  readonly faults: readonly Fault[];
} {
  const rules: Readonly<Record<keyof ProductChanges, Rule>> = {
    name: text(200),
    description: text(5_000),
    price_cents: wholeNumber,
    stock: wholeNumber,
    category: (value) =>
      typeof value === "string" && knownCategories.has(value) ? undefined : "must be the slug of a category",
  };
  const ruleOf = new Map<string, Rule>(Object.entries(rules));
  const localeRule: Rule = (value) => (isLocale(value) ? undefined : `must be one of ${LOCALES.join(", ")}`);
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(body)) {
    const rule = name === "locale" ? localeRule : ruleOf.get(name);
    const detail = rule === undefined ? "is not a field that can be changed" : rule(value);
    if (detail !== undefined) faults.push({ in: "body", at: pointer(name), detail });
  }
  if (Object.keys(body).every((name) => name === "locale")) {
    faults.push({ in: "body", at: "", detail: `must have at least one of ${[...ruleOf.keys()].join(", ")}` });
  }
  const { name, description, category, price_cents, stock } = body;
  const changes = {
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof description === "string" ? { description } : {}),
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof price_cents === "number" ? { price_cents } : {}),
    ...(typeof stock === "number" ? { stock } : {}),
  };
  return { changes, locale: isLocale(body["locale"]) ? body["locale"] : DEFAULT_LOCALE, faults };
}
