// Owns the proof that names chosen to confuse objects, readers or keys do no harm on their way into the store and back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { variantKey } from "../../src/http/select/key.ts";
import { matchesVariant } from "../../src/http/select/vary.ts";
import { decodeHead, encodeHead } from "../../src/tiers/codec.ts";
import { requestOf, settled, storedFrom, storedOf } from "../http/support.ts";

const NAMES = ["__proto__", "constructor", "prototype", "hasownproperty", "tostring", "valueof"];

describe("a response that varies on such a name", () => {
  const fields = (name: string) => ({ "cache-control": "max-age=60", vary: name });
  const asking = (name: string, value: string) => requestOf([[name, value]]);

  it.each(NAMES)("%s is selected by its value", (name) => {
    const { variant } = storedFrom(fields(name), {}, { request: asking(name, "1") });
    expect(Object.keys(variant)).toEqual([name]);
    expect(matchesVariant(variant, asking(name, "1").field)).toBe(true);
    expect(matchesVariant(variant, asking(name, "2").field)).toBe(false);
    expect(matchesVariant(variant, requestOf().field)).toBe(false);
  });

  it.each(NAMES)("%s is still selected by it after a round trip through a farther tier", (name) => {
    const stored = storedFrom(fields(name), {}, { request: asking(name, "1") });
    const head = decodeHead(encodeHead({ kind: "response", stored }, "f00d"), "f00d");
    // a miss would be safe; another variant would not
    if (head?.kind === "response") expect(matchesVariant(head.stored.variant, asking(name, "2").field)).toBe(false);
  });

  it.each(NAMES)("%s has a key of its own", (name) => {
    const variants = [{}, Object.fromEntries([[name, ""]]), Object.fromEntries([[name, "1"]])];
    const key = variantKey.bind(undefined, "k" as Parameters<typeof variantKey>[0], "g");
    expect(new Set(variants.map((variant) => key(variant))).size).toBe(3);
  });
});

it("no text in an origin's fields makes settling throw", () => {
  const value = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll(/[\0\r\n]/g, ""));
  const names = ["vary", "cache-control", "cdn-cache-control", "surrogate-key", "etag", "age", "date", "expires"];
  const fields = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
  fc.assert(
    fc.property(fields, fc.constantFrom(200, 304, 404, 503), (each, status) => {
      const withLifetime = { "cache-control": "max-age=60", ...each };
      settled(withLifetime, { status }, { stored: storedOf({ etag: '"a"' }) });
    }),
    { numRuns: 1000 },
  );
});
