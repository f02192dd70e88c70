// Owns the proof of the counting, with our own cases and with the package's.
import { describe, expect, it } from "vitest";
import { casesOf, loadEdition } from "./edition.ts";
import { loadPublished } from "./published.ts";
import { aCase, passing, SAMPLE } from "./sample.ts";
import { score, unprovenPasses } from "./score.ts";

describe("score", () => {
  it("counts by kind", () => {
    expect(score(casesOf(SAMPLE), passing("fresh", "reuse", "spaces"))).toEqual({
      required: { passed: 1, total: 2 },
      optimal: { passed: 1, total: 2 },
      check: { passed: 1, total: 2 },
    });
  });

  it("counts what has no result as not passed", () => {
    expect(score([aCase("never-run", "required")], passing()).required).toEqual({ passed: 0, total: 1 });
  });
});

describe("passes that prove nothing", () => {
  it("are those whose dependency failed", () => {
    expect(unprovenPasses(casesOf(SAMPLE), passing("reuse", "quoted", "spaces"))).toEqual(["reuse", "quoted"]);
    expect(unprovenPasses(casesOf(SAMPLE), passing("fresh", "reuse", "quoted"))).toEqual([]);
  });

  it("are those whose dependency's dependency failed", () => {
    const chain = [aCase("fresh", "required"), aCase("reuse", "optimal", "fresh"), aCase("quoted", "check", "reuse")];
    expect(unprovenPasses(chain, passing("reuse", "quoted"))).toEqual(["reuse", "quoted"]);
  });
});

describe("the installed edition", () => {
  it("has the cases that its client runs", async () => {
    const edition = await loadEdition();
    const { required, optimal, check } = score(casesOf(edition), passing());
    expect([edition.version, required.total, optimal.total, check.total]).toEqual(["0.4.5", 165, 95, 90]);
  });

  it("comes with the results of shared caches", async () => {
    const cases = casesOf(await loadEdition());
    const totals = (await loadPublished()).map(({ name, results }) => {
      const { required, optimal, check } = score(cases, results);
      return [name, required.passed, optimal.passed, check.passed];
    });
    expect(totals).toEqual([
      ["nginx", 100, 57, 29],
      ["Squid", 141, 49, 53],
      ["ATS", 123, 57, 37],
      ["httpd", 128, 60, 53],
      ["Varnish", 123, 44, 21],
      ["nuster", 108, 18, 20],
      ["Fastly", 100, 56, 25],
    ]);
  });
});
