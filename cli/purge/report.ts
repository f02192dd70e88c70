// Owns how the end of a purge is told to people: exactly what was purged and what was not, and how to go on.
import { stretchOf } from "./batch.ts";
import type { Confirmed } from "./confirm.ts";
import { nameOf, type Problem, problemLine, safe, shown } from "./item.ts";
import { boundMs, type Fate, meaningOf, type Outcome, receiptsOf, type Would } from "./run.ts";

/** Lines for standard output and for standard error. */
export interface Report {
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export interface Told {
  readonly mode: string;
  readonly runKey: string;
}

const SHOWN_TARGETS = 20;
const SHOWN_PROBLEMS = 100;

export function reportOf(outcome: Outcome, told: Told): Report {
  switch (outcome.kind) {
    case "would":
      return { out: wouldLines(outcome.would, told), err: [] };
    case "purged":
      return { out: purgedLines(outcome.fates, told), err: [] };
    case "refused":
      return { out: [], err: [safe(outcome.detail), ...problemLines(outcome.problems)] };
    case "failed":
      return { out: [], err: failedLines(outcome, told) };
  }
}

export function problemLines(problems: readonly Problem[]): readonly string[] {
  const lines = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  ${problemLine(problem)}`);
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `  and ${count(more)} more`] : lines;
}

export function confirmedReport(confirmed: Confirmed): Report {
  if (confirmed.kind === "interrupted") return { out: [], err: ["interrupted: purged, but not waited for"] };
  const { edges, boundMs: waitedMs } = confirmed;
  const passed = `the bound of ${seconds(waitedMs)} has passed, within which every edge obeys`;
  const known = edges.flatMap(({ url, seq }) => (seq === undefined ? [] : [`  ${url} knows number ${seq}`]));
  const unknown = edges.filter(({ seq }) => seq === undefined);
  return { out: [passed, ...known], err: unknown.map(({ detail = "" }) => `not confirmed: ${safe(detail)}`) };
}

function wouldLines(would: readonly Would[], { mode }: Told): readonly string[] {
  const becomes = would.flatMap(meaningOf);
  const named = becomes.filter(({ item }) => item !== undefined);
  const lines = becomes.slice(0, SHOWN_TARGETS).map(({ item, forms }) => {
    if (!item) return `  what browsers keep of ${shown(forms.map((host) => host || "all hosts").join(", "))}`;
    const same = item.kind === "everything" || (forms.length === 1 && forms[0] === item.value);
    return `  ${nameOf({ ...item, place: "" })}${same ? "" : ` = ${shown(forms.join(" and "))}`}`;
  });
  const more = becomes.length - lines.length;
  const heading = `would purge ${targets(named.length)}, ${mode}; nothing was purged`;
  return [heading, ...lines, ...(more > 0 ? [`  and ${count(more)} more (--json names all)`] : [])];
}

function purgedLines(fates: readonly Fate[], { mode, runKey }: Told): readonly string[] {
  const items = fates.reduce((sum, { batch }) => sum + batch.items.length, 0);
  const again = receiptsOf(fates).filter(({ replayed }) => replayed).length;
  const batches = fates.length > 1 ? ` in ${count(fates.length)} batches` : "";
  const lines = [
    `purged ${targets(items)}, ${mode}${batches}: ${numbersOf(fates)} of the purge log; every edge obeys within ${seconds(boundMs(fates))}`,
  ];
  if (again === 0) return lines;
  const which = again === fates.length ? "all of it" : `${count(again)} of ${count(fates.length)} batches`;
  return [...lines, `  ${which} had been purged before under the idempotency key ${runKey}, and was not purged again`];
}

function failedLines({ detail, problems, fates }: Extract<Outcome, { kind: "failed" }>, told: Told): readonly string[] {
  const heading = safe(detail);
  const began = fates.some(({ state }) => state !== "not-purged");
  if (!began) return [heading, ...problemLines(problems), "nothing was purged"];
  return [
    heading,
    ...problemLines(problems),
    ...stretchLine(fates, "purged", `purged, ${numbersOf(fates)} of the purge log`),
    ...stretchLine(fates, "unconfirmed", "not confirmed, may have been purged"),
    ...stretchLine(fates, "not-purged", "not purged"),
    `to go on, run the same command with --idempotency-key ${told.runKey} within a day: what was purged is not purged again`,
  ];
}

/** Batches are sent in order, so those of one state are one stretch. */
function stretchLine(fates: readonly Fate[], state: Fate["state"], words: string): readonly string[] {
  const batches = fates.flatMap((fate) => (fate.state === state ? [fate.batch] : []));
  const [first] = batches;
  if (!first) return [];
  return [`  ${words}: ${stretchOf({ first: first.first, items: batches.flatMap(({ items }) => items) })}`];
}

function numbersOf(fates: readonly Fate[]): string {
  const numbers = receiptsOf(fates).map(({ seq }) => seq);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  return first === last ? `number ${first}` : `numbers ${first} to ${last}`;
}

function targets(number: number): string {
  return `${count(number)} ${number === 1 ? "target" : "targets"}`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toLocaleString("en")} s`;
}
