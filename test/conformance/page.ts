// Owns docs/conformance.md: a pure function of the outcomes, so that the same outcomes make the same page.
import { type Case, casesOf, type Edition, type Suite } from "./edition.ts";
import type { KnownFailures } from "./known.ts";
import { CURRENT_EDITION, type PublishedCache } from "./published.ts";
import { hasPassed, type Results } from "./results.ts";
import { type Count, score, unprovenPasses } from "./score.ts";

export interface PageInput {
  readonly edition: Edition;
  readonly results: Results;
  readonly known: KnownFailures;
  readonly published: readonly PublishedCache[];
}

export function renderPage(input: PageInput): string {
  const sections = [introduction, totals, sameEdition, currentEdition, bySuite, failures, checks];
  return `${sections.map((section) => section(input)).join("\n\n")}\n`;
}

function introduction({ edition }: PageInput): string {
  return `# Conformance

Made by \`npm run conformance\`; do not edit. The command runs the public suite for HTTP caches
([http-tests/cache-tests](https://github.com/http-tests/cache-tests), npm package \`http-cache-tests\` ${edition.version}, ${casesOf(edition).length} cases). The
suite's own server is the origin. One edge with the default configuration (an empty site) stands in front of it in the local
runtime, and the suite's own client asks through the edge's direct socket. If a run differs from this page or from the list of
known failures, the command repeats it once as a whole; an outcome counts as unexpected only if both runs have it.

- A **required** case is a demand of the specifications as the suite reads them.
- An **optimal** case is a saving.
- A **check** asks how a cache behaves and has no right answer.

The suite calls itself a tool to assess behaviour, not a judge. If it and the RFC differ, the RFC decides, and the table below lists the case with the
section.`;
}

function totals({ edition, results }: PageInput): string {
  const all = score(casesOf(edition), results);
  const common = score(casesOf({ suites: edition.suites.filter(({ id }) => id !== "surrogate-control") }), results);
  const unproven = unprovenPasses(casesOf(edition), results);
  const row = (name: string, { required, optimal, check }: typeof all): string[] => [
    name,
    share(required),
    share(optimal),
    share(check),
  ];
  const note =
    unproven.length === 0
      ? "No case passes whose dependency fails."
      : `Counted as passed although a case they depend on fails: ${codes(unproven)}.`;
  return `## Totals

${table(
  ["cases", "required", "optimal", "checks answered yes"],
  [row("all", all), row("without the suite Surrogate-Control", common)],
)}

${note}`;
}

function sameEdition({ edition, results, published }: PageInput): string {
  const cases = casesOf(edition);
  const rows = [{ name: "**Strata**", version: "this checkout", results }, ...published]
    .map((cache) => ({ ...cache, score: score(cases, cache.results) }))
    .toSorted((a, b) => passes(b.score) - passes(a.score))
    .map(({ name, version, score: { required, optimal, check }, results: of }) => [
      name,
      version,
      share(required),
      share(optimal),
      share(check),
      String(cases.filter(({ id }) => !of.has(id)).length),
    ]);
  return `## Beside other caches, on this edition

The package publishes results of shared caches, and this table counts them in the same way. A case that was not run has not passed. The
suite's authors chose the versions, which are older than this page.

${table(["cache", "version", "required", "optimal", "checks answered yes", "not run"], rows)}`;
}

function currentEdition(): string {
  const { asOf, required, optimal, caches } = CURRENT_EDITION;
  const rows = caches.map((cache) => [cache.name, `${cache.required}/${required}`, `${cache.optimal}/${optimal}`]);
  return `## Another edition

The suite's site publishes results of newer versions (${asOf}). Its edition has other cases (${required} required, ${optimal} optimal) than the one
above, so these totals do not compare with Strata's.

${table(["cache", "required", "optimal"], rows)}`;
}

function bySuite({ edition, results }: PageInput): string {
  const row = ({ name, cases }: Suite): string[] => {
    const { required, optimal, check } = score(cases, results);
    return [name, share(required), share(optimal), share(check)];
  };
  return `## By suite

${table(["suite", "required", "optimal", "checks answered yes"], edition.suites.map(row))}`;
}

function failures({ edition, results, known }: PageInput): string {
  const failing = casesOf(edition).filter(({ id, kind }) => kind !== "check" && !hasPassed(results, id));
  const row = ({ id, kind }: Case): string[] => [codes([id]), kind, known.get(id) ?? "**not on the documented list**"];
  return `## Required and optimal cases that fail

\`test/conformance/known.ts\` lists these cases with the reasons. A failing case that the list lacks fails the command, and so does a listed case
that passes.

${table(["case", "kind", "why"], failing.map(row))}`;
}

function checks({ edition, results }: PageInput): string {
  const rows = edition.suites.flatMap(({ name, cases }) => {
    const asked = cases.filter(({ kind }) => kind === "check").map(({ id }) => id);
    const yes = asked.filter((id) => hasPassed(results, id));
    const no = asked.filter((id) => !hasPassed(results, id));
    return asked.length === 0 ? [] : [[name, codes(yes), codes(no)]];
  });
  return `## Answers to the checks

${table(["suite", "yes", "no"], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function share({ passed, total }: Count): string {
  return total === 0 ? "" : `${passed}/${total}`;
}

function passes({ required, optimal }: { readonly required: Count; readonly optimal: Count }): number {
  return required.passed + optimal.passed;
}

function codes(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(", ");
}
