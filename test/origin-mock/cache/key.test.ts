// Proves that names in Redis never collide, say what they were made of, and refuse what would make them ambiguous.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cacheKey, CACHED_ENTITIES, createKeyBuilder } from "../../../origin-mock/cache/key.ts";

const KEYS = createKeyBuilder({ prefix: "shop", version: 1 });

// Mostly made of the delimiter and the escape character, where collisions would be.
const part = fc.oneof(
  fc.string({ unit: fc.constantFrom(":", "%", "3", "A", "2", "5", "x", "-") }),
  fc.string({ unit: "binary" }),
);
const version = fc.integer({ min: 1, max: 3 });
const cached = fc.record({ entity: fc.constantFrom(...CACHED_ENTITIES), id: part }, { noNullPrototype: true });
const kept = fc.record(
  {
    entity: fc.constantFrom("session" as const, "user-sessions" as const, "cart" as const, "flags" as const),
    id: part,
  },
  { noNullPrototype: true },
);
const builder = (number: number) => createKeyBuilder({ prefix: "shop", version: number });

test("keys read prefix, version, entity, id, variant", () => {
  expect(KEYS.key({ entity: "product", id: "7" })).toBe("shop:1:product:7");
  expect(KEYS.key({ entity: "product", id: "a:b%c" })).toBe("shop:1:product:a%3Ab%25c");
  expect(KEYS.variantKey({ entity: "product-list", id: "bath" }, "2/24")).toBe("shop:1:product-list:bath:2/24");
  expect(cacheKey({ entity: "product", id: "7" })).toBe("shop:1:product:7");
});

test("sessions, carts and flags have the same key in every version, and no cached thing has", () => {
  fc.assert(
    fc.property(kept, cached, (keptAddress, cachedAddress) => {
      expect(builder(1).key(keptAddress)).toBe(builder(2).key(keptAddress));
      expect(builder(1).key(cachedAddress)).not.toBe(builder(2).key(cachedAddress));
    }),
  );
});

test("two names are equal only when version, address and variant are", () => {
  const named = fc.oneof(
    fc.record({ version, address: cached, variant: fc.option(part, { nil: undefined }) }),
    fc.record({ version: fc.constant(1), address: kept, variant: fc.constant(undefined) }),
  );
  type Named = { version: number; address: Parameters<typeof KEYS.key>[0]; variant: string | undefined };
  const nameOf = ({ version: number, address, variant }: Named): string => {
    const key = builder(number).key(address);
    if (variant === undefined) return key;
    const entity = CACHED_ENTITIES.find((known) => known === address.entity);
    return entity === undefined ? key : builder(number).variantKey({ entity, id: address.id }, variant);
  };
  fc.assert(
    fc.property(named, named, (left, right) => {
      expect(nameOf(left) === nameOf(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
      expect(nameOf(left)).not.toBe(KEYS.incarnations);
    }),
    { numRuns: 2_000 },
  );
});

test("a name is parsed into what it was made of, whatever the version", () => {
  fc.assert(
    fc.property(version, cached, kept, part, (number, address, keptAddress, variant) => {
      const other = builder(number);
      expect(KEYS.parse(other.key(address))).toEqual({ version: number, address, variant: undefined });
      expect(KEYS.parse(other.variantKey(address, variant))).toEqual({ version: number, address, variant });
      expect(KEYS.parse(other.key(keptAddress))).toEqual({ version: undefined, address: keptAddress });
    }),
  );
});

test("what is parsed at all is spelled as it would be made", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom("shop", "1", "-", "0", "product", "session", "%3A", "%41", "%", ""), { maxLength: 6 })
      .map((parts) => parts.join(":")),
  );
  fc.assert(
    fc.property(text, (key) => {
      const parsed = KEYS.parse(key);
      if (parsed === undefined) return;
      const again = builder(parsed.version ?? 1);
      const variant = parsed.version === undefined ? undefined : parsed.variant;
      expect(
        parsed.version === undefined || variant === undefined
          ? again.key(parsed.address)
          : again.variantKey(parsed.address, variant),
      ).toBe(key);
    }),
    { numRuns: 3_000 },
  );
});

describe("a builder is refused", () => {
  test.each([
    ["", 1],
    ["a:b", 1],
    ["a%", 1],
    ["1shop", 1],
    ["Shop", 1],
    ["x".repeat(33), 1],
  ])("the prefix %j", (prefix, number) => {
    expect(() => createKeyBuilder({ prefix, version: number })).toThrow(
      expect.objectContaining({
        name: "InvalidArgument",
        message: expect.stringContaining("the prefix of keys must be"),
      }),
    );
  });
  test.each([0, -1, 1.5, NaN, Infinity, 1e21])("the version %d", (number) => {
    expect(() => createKeyBuilder({ prefix: "shop", version: number })).toThrow(
      expect.objectContaining({
        name: "InvalidArgument",
        message: expect.stringContaining("the version of keys must be"),
      }),
    );
  });
});
