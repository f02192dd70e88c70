// Owns the last lines of the command: the totals, then whatever was not expected, with what to do about it.
import { casesOf, type Edition } from "./edition.ts";
import type { Results } from "./results.ts";
import { score } from "./score.ts";
import type { Unexpected } from "./verdict.ts";

export function summarise(edition: Edition, results: Results, unexpected: readonly Unexpected[]): readonly string[] {
  const { required, optimal, check } = score(casesOf(edition), results);
  const totals = [
    `required ${required.passed}/${required.total}`,
    `optimal ${optimal.passed}/${optimal.total}`,
    `checks ${check.passed}/${check.total}`,
  ];
  const kinds = new Map(casesOf(edition).map(({ id, kind }) => [id, kind]));
  return [totals.join(" "), ...unexpected.map((each) => lineOf(each, kinds.get(each.id) ?? ""))];
}

function lineOf(unexpected: Unexpected, kind: string): string {
  const { id } = unexpected;
  switch (unexpected.kind) {
    case "failed":
      return `unexpected failure: ${id} (${kind}) ${unexpected.message}; mend it, or give the reason in test/conformance/known.ts`;
    case "passed":
      return `unexpected pass: ${id} (${kind}); take it off test/conformance/known.ts`;
    case "unknown":
      return `not a required or optimal case of this edition: ${id}; take it off test/conformance/known.ts`;
  }
}
