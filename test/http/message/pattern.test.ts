// Owns the proof that a pattern means what its stars say, for every path.
import fc from "fast-check";
import { expect, it } from "vitest";
import { patternTest } from "../../../src/http/message/pattern.ts";

it("matches exactly what the same expression with `.*` for each star matches", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "/", "."), maxLength: 8 });
  const path = fc.string({ unit: fc.constantFrom("a", "b", "/", ".", "\n"), maxLength: 10 });
  fc.assert(
    fc.property(pattern, path, (stars, text) => {
      const source = stars.replaceAll(".", "\\.").replaceAll("*", "[^]*");
      expect(patternTest(stars)(text)).toBe(new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 5000 },
  );
});
