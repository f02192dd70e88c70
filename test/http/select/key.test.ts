// Owns the proof that keys are injective: no value can pretend to be two, no resource to be another's variant.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostOf, type KeyParts, resourceKey, variantKey } from "../../../src/http/select/key.ts";

const PARTS: KeyParts = {
  scheme: "https",
  host: "shop.example",
  path: "/a",
  query: "?b=1",
  origin: "zone",
  policyVersion: "v1",
};

/** Text that tries to look like a length-prefixed part. */
const part = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: fc.constantFrom("0", "1", "2", ":", "a", ""), maxLength: 8 }),
);
const parts = fc.record<KeyParts>({
  scheme: fc.constantFrom("http", "https"),
  host: part,
  path: part,
  query: part,
  origin: part,
  policyVersion: part,
});
const variant = fc
  .uniqueArray(fc.tuple(fc.oneof(part, fc.constantFrom("__proto__", "constructor")), part), {
    selector: ([name]) => name,
    maxLength: 3,
  })
  .map((entries) => Object.fromEntries(entries));

describe("resource keys", () => {
  it.each<keyof KeyParts>(["scheme", "host", "path", "query", "origin", "policyVersion"])(
    "%s is in the key",
    (name) => {
      expect(resourceKey({ ...PARTS, [name]: `${PARTS[name]}x` })).not.toBe(resourceKey(PARTS));
    },
  );

  it.each([
    ["path and query", { path: "/a?b=1", query: "" }, { path: "/a", query: "?b=1" }],
    ["host and path", { host: "shop.example/a", path: "" }, { host: "shop.example", path: "/a" }],
    ["a part that spells the next one's length", { path: "/a4:?b=1", query: "" }, { path: "/a", query: "?b=1" }],
    ["an empty query", { path: "/a", query: "?" }, { path: "/a", query: "" }],
  ])("no confusion between %s", (_, a, b) => {
    expect(resourceKey({ ...PARTS, ...a })).not.toBe(resourceKey({ ...PARTS, ...b }));
  });

  it("are equal for equal parts only", () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = (Object.keys(a) as (keyof KeyParts)[]).every((name) => a[name] === b[name]);
        expect(resourceKey(a) === resourceKey(b)).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  it("name their host", () => {
    fc.assert(
      fc.property(parts, (each) => {
        expect(hostOf(resourceKey(each))).toBe(each.host);
      }),
    );
  });
});

describe("variant keys", () => {
  const canonical = (record: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(record).sort());

  it("are equal for equal resource, generation and variant only", () => {
    fc.assert(
      fc.property(parts, parts, part, part, variant, variant, (a, b, g, h, x, y) => {
        for (const [other, generation, names] of [
          [b, h, y],
          [a, g, x],
          [a, g, y],
          [a, h, x],
          [b, g, x],
        ] as const) {
          const same = resourceKey(a) === resourceKey(other) && g === generation && canonical(x) === canonical(names);
          expect(variantKey(resourceKey(a), g, x) === variantKey(resourceKey(other), generation, names)).toBe(same);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("are never a resource's key", () => {
    fc.assert(
      fc.property(parts, parts, part, variant, (a, b, generation, x) => {
        expect(variantKey(resourceKey(a), generation, x)).not.toBe(resourceKey(b));
      }),
      { numRuns: 1000 },
    );
  });

  it("do not depend on the order of fields", () => {
    const key = resourceKey(PARTS);
    expect(variantKey(key, "g", { a: "1", b: "2" })).toBe(variantKey(key, "g", { b: "2", a: "1" }));
  });

  it("keep a name with its value", () => {
    const key = resourceKey(PARTS);
    expect(variantKey(key, "g", { a: "1", b: "2" })).not.toBe(variantKey(key, "g", { a: "2", b: "1" }));
    expect(variantKey(key, "g", { a: "b1:2" })).not.toBe(variantKey(key, "g", { a: "", b: "2" }));
  });

  it("keep their host", () => {
    expect(hostOf(variantKey(resourceKey(PARTS), "g", { a: "1" }))).toBe("shop.example");
  });
});
