// Owns the proof that every example of the configuration's document is a configuration.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import { TRACKING_PARAMETERS } from "../../src/policy/tracking-parameters.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../docs/configuration.md"), "utf8");
const examples = [...text.slice(text.indexOf("## Examples")).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
  ([, code = ""]) => code,
);

/** A whole site, or one or several rules. */
function siteOf(code: string): SiteInput {
  const isSite = code.startsWith("defineSite(");
  const site = isSite ? code.replace(/^defineSite\(/, "return (") : `return { rules: [${code}] }`;
  // the document is ours
  // oxlint-disable-next-line no-implied-eval
  const read = new Function("TRACKING_PARAMETERS", site) as (list: readonly string[]) => SiteInput;
  return read(TRACKING_PARAMETERS);
}

describe("docs/configuration.md", () => {
  it.each(examples)("%s", (code) => {
    expect(defineSite(siteOf(code)).rules.length).toBeGreaterThan(0);
  });

  it("shows what a rule's breaker makes of the site's", () => {
    const code = examples.find((each) => each.includes("breaker")) ?? "";
    const { rules, defaultRule } = defineSite(siteOf(code));
    expect([defaultRule, ...rules].map(({ breaker }) => breaker)).toEqual([
      { share: 0.8, requests: 50, windowSeconds: 10, restSeconds: 10 },
      { share: 0.8, requests: 10, windowSeconds: 60, restSeconds: 10 },
      undefined,
    ]);
    expect([defaultRule, ...rules].map(({ deadlineMs }) => deadlineMs)).toEqual([20_000, 120_000, 20_000]);
  });
});
