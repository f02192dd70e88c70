// Proves that names in Redis never collide.
import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheKey, variantField } from "../../../origin-mock/cache/key.ts";
import type { CacheAddress } from "../../../origin-mock/cache/key.ts";

// Mostly made of the delimiter and the escape character, where collisions would be.
const part = fc.oneof(fc.string({ unit: fc.constantFrom(":", "%", "3", "A", "2", "5", "x") }), fc.string());
const address = fc.record<CacheAddress>({
  entity: fc.constantFrom("product", "product-list", "categories", "session"),
  id: part,
});

test("keys read prefix, version, entity, id", () => {
  expect(cacheKey({ entity: "product", id: "7" })).toBe("shop:1:product:7");
  expect(cacheKey({ entity: "product", id: "a:b%c" })).toBe("shop:1:product:a%3Ab%25c");
});

test("two addresses share a key only when they are equal", () => {
  fc.assert(
    fc.property(address, part, address, part, (left, leftVariant, right, rightVariant) => {
      const name = (one: CacheAddress, variant: string): string => `${cacheKey(one)}\n${variantField(variant)}`;
      const equal = left.entity === right.entity && left.id === right.id;
      expect(cacheKey(left) === cacheKey(right)).toBe(equal);
      if (!left.id.includes("\n") && !right.id.includes("\n")) {
        expect(name(left, leftVariant) === name(right, rightVariant)).toBe(equal && leftVariant === rightVariant);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("no variant is mistaken for the generation", () => {
  fc.assert(fc.property(part, (variant) => variantField(variant) !== "generation"));
});
