// Owns the proof of the verdict: against the list, over two runs, and that the list itself is sound.
import { describe, expect, it } from "vitest";
import { casesOf, loadEdition } from "./edition.ts";
import { KNOWN_FAILURES, type KnownFailures } from "./known.ts";
import { hasPassed } from "./results.ts";
import { passing, SAMPLE } from "./sample.ts";
import { summarise } from "./summary.ts";
import { combinedRuns, unexpectedIn } from "./verdict.ts";

const cases = casesOf(SAMPLE);
const known: KnownFailures = new Map([["stale", "RFC 9111 4.2.4: a reason."]]);
const expected = ["fresh", "reuse", "surrogate"];

describe("verdict", () => {
  it("is empty when the list says everything", () => {
    expect(unexpectedIn(cases, passing(...expected), known)).toEqual([]);
  });

  it("names a failure that is not on the list, with the suite's words", () => {
    expect(unexpectedIn(cases, passing("fresh", "surrogate"), known)).toEqual([
      { kind: "failed", id: "reuse", message: "Assertion: reuse went wrong" },
    ]);
  });

  it("names a pass that is on the list", () => {
    expect(unexpectedIn(cases, passing(...expected, "stale"), known)).toEqual([{ kind: "passed", id: "stale" }]);
  });

  it.each(["gone", "quoted"])("names what the list must not name: %s", (id) => {
    const wrong = new Map([...known, [id, "RFC 9111 4.2.4: a reason."]]);
    expect(unexpectedIn(cases, passing(...expected), wrong)).toEqual([{ kind: "unknown", id }]);
  });

  it("takes a case without a result for a failure", () => {
    expect(unexpectedIn(cases, new Map(), known).map(({ id }) => id)).toEqual(["fresh", "reuse", "surrogate"]);
  });
});

describe("two runs", () => {
  const both = (first: readonly string[], second: readonly string[]): readonly string[] => {
    const combined = combinedRuns(cases, passing(...first), passing(...second), known);
    return cases.filter(({ id }) => hasPassed(combined, id)).map(({ id }) => id);
  };

  it("forgive what only one of them has", () => {
    expect(both(["fresh", "surrogate"], ["reuse", "surrogate"])).toEqual(expected);
    expect(both([...expected, "stale"], expected)).toEqual(expected);
    expect(both(expected, [...expected, "stale"])).toEqual(expected);
  });

  it("keep what both have", () => {
    expect(both(["fresh", "stale"], ["fresh", "stale", "surrogate"])).toEqual(["fresh", "stale", "surrogate"]);
  });

  it("answer a check as the second did", () => {
    expect(both([...expected, "quoted"], [...expected, "spaces"])).toEqual(["fresh", "reuse", "spaces", "surrogate"]);
  });
});

describe("the last lines", () => {
  it("are the totals, then what to do", () => {
    const results = passing("fresh", "stale", "surrogate", "quoted");
    const unknown = new Map([...known, ["gone", "RFC 9111 4.2.4: a reason."]]);
    expect(summarise(SAMPLE, results, unexpectedIn(cases, results, unknown))).toEqual([
      "required 2/2 optimal 1/2 checks 1/2",
      "unexpected pass: stale (required); take it off test/conformance/known.ts",
      "unexpected failure: reuse (optimal) Assertion: reuse went wrong; mend it, or give the reason in test/conformance/known.ts",
      "not a required or optimal case of this edition: gone; take it off test/conformance/known.ts",
    ]);
  });
});

describe("the documented list", () => {
  it("names required and optimal cases of the installed edition", async () => {
    const edition = casesOf(await loadEdition());
    expect(unexpectedIn(edition, new Map(), KNOWN_FAILURES).filter(({ kind }) => kind === "unknown")).toEqual([]);
  });

  it.each([...KNOWN_FAILURES])("%s has a reason with a section or a limit", (_, reason) => {
    expect(reason).toMatch(/\bRFC \d{4} \d|\bW3C Edge Architecture\b|\bruntime\b/);
    expect(reason).toMatch(/\.$/);
  });
});
