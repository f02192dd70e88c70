// Owns the small schemas every part of a configuration shares: durations, sizes, flags, lists of names.
import * as v from "valibot";

export const seconds = v.pipe(
  v.number("must be a number of seconds"),
  v.check((value) => Number.isFinite(value), "must be a finite number of seconds"),
  v.minValue(0, "must not be negative"),
  v.maxValue(2 ** 31 - 1, "must be at most 2147483647 seconds"),
);

const ttlRange = v.pipe(
  v.strictObject({ min: v.optional(seconds), default: v.optional(seconds), max: v.optional(seconds) }),
  v.check(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, "min must not be greater than max"),
);

/** A number replaces the origin's lifetime; an object fills it in and bounds it. Seconds. */
export const lifetime = v.union([seconds, ttlRange], "must be a number of seconds or { min, default, max }");

export const bytes = v.pipe(
  v.number("must be a number of bytes"),
  v.integer("must be a whole number of bytes"),
  v.minValue(0, "must not be negative"),
);

export const flag = v.boolean("must be true or false");

export const cookiePattern = v.pipe(
  v.string("must be a cookie name"),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be a cookie name, "*" for any characters'),
);

export const fieldPattern = v.pipe(
  v.string("must be the name of a field"),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be the name of a field, "*" for any characters'),
  v.regex(/[^*]/, "must name something: of all fields none would be left"),
);

/** A list of at least one item, none of them twice, in any case. */
export function someOf<const Item extends v.GenericSchema<string>>(
  item: Item,
): v.GenericSchema<v.InferInput<Item>[], v.InferOutput<Item>[]> {
  return v.pipe(
    v.array(item, "must be a list"),
    v.nonEmpty("must not be empty"),
    v.checkItems((one, index, all) => all.findIndex((other) => sameName(one, other)) === index, "is there twice"),
  );
}

/** Items that are no text are reported elsewhere. */
function sameName(one: unknown, other: unknown): boolean {
  return typeof one === "string" && typeof other === "string"
    ? one.toLowerCase() === other.toLowerCase()
    : one === other;
}
