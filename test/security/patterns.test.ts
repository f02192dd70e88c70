// Owns the proof that a path cannot make matching a rule expensive.
import { expect, it } from "vitest";
import { defineSite } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";

it("a pattern of many stars is matched in little time, whatever the path", () => {
  const site = defineSite({ rules: [{ match: "/*a*a*a*b" }] });
  const startedAtMs = performance.now();
  expect(ruleFor(site, `/${"a".repeat(200)}`).name).toBe("(default)");
  expect(performance.now() - startedAtMs).toBeLessThan(5000);
});
