// Owns the shared parts of the shop's schemas: scalars, and the flaws they find with their places.
import * as v from "valibot";

/** `at` is a JSON pointer (RFC 6901) to the member that is wrong, "" for the whole. */
export interface Flaw {
  readonly at: string;
  readonly detail: string;
}
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Flaw[] };

type Json = Readonly<Record<string, unknown>>;
type Output<Entries extends v.ObjectEntries> = Readonly<v.InferOutput<v.ObjectSchema<Entries, undefined>>>;

/** The largest integer of Postgres. */
export const LARGEST_INTEGER = 2_147_483_647;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function wholeNumber(least: number, most = LARGEST_INTEGER) {
  const detail = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(detail), v.integer(detail), v.minValue(least, detail), v.maxValue(most, detail));
}

/** Never blank. NUL is refused, because Postgres can keep it neither in a text nor in a jsonb. */
export function text(longest: number) {
  const detail = `must be text of 1 to ${longest} characters`;
  return v.pipe(v.string(detail), v.maxLength(longest, detail), v.regex(/^(?=[^]*\S)[^\0]*$/, detail));
}

/** A name that is shown on one line. */
export function line(longest: number) {
  const detail = `must be text of 1 to ${longest} characters, none of them for control`;
  return v.pipe(v.string(detail), v.maxLength(longest, detail), v.regex(/^(?=.*\S)\P{Cc}*$/u, detail));
}

/** Judges missing members as undefined, so that a schema states what it wants. */
function complete(entries: v.ObjectEntries, value: Json): Json {
  const required = Object.keys(entries).filter((name) => entries[name]?.type !== "exact_optional");
  return { ...Object.fromEntries(required.map((name) => [name, undefined])), ...value };
}

export function record<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.custom<Json>(isRecord, "must be an object"),
    v.transform((value) => complete(entries, value)),
    v.object(entries),
  );
}

/** A JSON pointer to a member (RFC 6901 3). */
function pointer(keys: readonly unknown[]): string {
  return keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/**
 * Finds every flaw of an object, at most one a place, in the order of its members. `unknown` describes members that
 * the schema does not name. Without it they are ignored.
 */
export function check<const Entries extends v.ObjectEntries>(
  entries: Entries,
  value: Json,
  unknown?: string,
): Checked<Output<Entries>> {
  const parsed = v.safeParse(v.object(entries), complete(entries, value));
  const strangers = unknown === undefined ? [] : Object.keys(value).filter((name) => !Object.hasOwn(entries, name));
  const flaws = new Map<string, { readonly detail: string; readonly member: string }>();
  for (const name of strangers) flaws.set(pointer([name]), { detail: unknown ?? "", member: name });
  for (const { path = [], message: detail } of parsed.issues ?? []) {
    const keys = path.map(({ key }) => key);
    if (!flaws.has(pointer(keys))) flaws.set(pointer(keys), { detail, member: String(keys[0]) });
  }
  if (parsed.success && flaws.size === 0) return { ok: true, value: parsed.output };
  const order = [...Object.keys(value), ...Object.keys(entries)];
  const sorted = [...flaws].toSorted(([, one], [, other]) => order.indexOf(one.member) - order.indexOf(other.member));
  return { ok: false, faults: sorted.map(([at, { detail }]) => ({ at, detail })) };
}

/** Parses stored or received values. Undefined for any other shape. Unnamed members are dropped. */
export function parserOf<Schema extends v.GenericSchema>(
  schema: Schema,
): (value: unknown) => v.InferOutput<Schema> | undefined {
  return (value) => {
    const parsed = v.safeParse(schema, value);
    return parsed.success ? parsed.output : undefined;
  };
}
