// Owns docs/benchmarks.md and the README's table of budgets: made from the results file alone, the worst row first.
import { judged, type Verdict, worstFirst } from "../harness/judge.ts";
import type { Figure, Results, Row, Run } from "../harness/results.ts";
import { budgetText, figureText, numeral, verdictText } from "./text.ts";

export function pageOf({ rows }: Results): string {
  const all = Object.values(rows);
  const budgeted = budgetedOf(all);
  return [
    "# Benchmarks",
    `Made by \`npm run bench\` from \`bench/results/latest.json\`; \`npm run bench -- memory colo\` measures some rows anew. Everything runs in real
workerd through direct sockets: the contenders in turn, in alternating order, after a warm-up. The ratios count, made round by round. Client,
origin and server share one machine, so absolute figures mean little elsewhere. The client checks status, length and every byte of every answer;
one wrong answer ends the run. If there is a \`/dev/shm\`, Miniflare's storage is there, so that no disk is measured.`,
    worstLine(budgeted),
    "## Budgets",
    table(["", "median", "worst round", "budget", ""], budgeted.map(verdictCells)),
    ...all.flatMap(sectionOf),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function budgetedOf(rows: readonly Row[]): readonly Verdict[] {
  const verdicts = worstFirst(rows.flatMap(({ comparisons }) => comparisons.map(judged)));
  return verdicts.filter(({ budget }) => budget !== undefined);
}

const START = "<!-- budgets, made by npm run bench -->";
const END = "<!-- end of budgets -->";

/** The README with its table of budgets made anew: the missed ones, the worst first, and how many were met. */
export function readmeWith(readme: string, { rows }: Results): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error("README.md has no place for the budgets");
  const budgeted = budgetedOf(Object.values(rows));
  const missed = budgeted.filter(({ met }) => met === false);
  const worst = missed.length > 0 ? missed : budgeted.slice(0, 1);
  const shown = [
    `${String(budgeted.length - missed.length)} of ${String(budgeted.length)} budgets are met. The worst, in one run:`,
    table(["against others", "median", "worst round", "budget", ""], worst.map(verdictCells)),
  ].join("\n\n");
  return `${readme.slice(0, start)}${START}\n\n${shown}\n\n${readme.slice(end)}`;
}

function worstLine([worst]: readonly Verdict[]): string {
  if (!worst) return "Nothing with a budget has been measured yet.";
  return `**The worst row:** ${worst.what}: ${numeral(worst.median)} where the budget is ${budgetText(worst)}: ${verdictText(worst)}.`;
}

function sectionOf(row: Row): readonly string[] {
  const others = row.comparisons.filter(({ budget }) => budget === undefined).map(judged);
  return [
    `## ${row.title}`,
    row.how,
    figureTable(row.figures),
    ...(others.length === 0
      ? []
      : [
          table(
            ["without a budget", "median", "worst round"],
            others.map((verdict) => verdictCells(verdict).slice(0, 3)),
          ),
        ]),
    ...row.notes,
    runLine(row.run),
  ];
}

function verdictCells(verdict: Verdict): readonly string[] {
  return [verdict.what, numeral(verdict.median), numeral(verdict.worst), budgetText(verdict), verdictText(verdict)];
}

/** A line a row, a column a column, in the order they first appear. */
function figureTable(figures: readonly Figure[]): string {
  const columns = [...new Set(figures.map(({ column }) => column))];
  const rows = [...new Set(figures.map(({ row }) => row))];
  const cell = (row: string, column: string): string => {
    const figure = figures.find((each) => each.row === row && each.column === column);
    return figure ? figureText(figure) : "";
  };
  return table(
    ["", ...columns],
    rows.map((row) => [row, ...columns.map((column) => cell(row, column))]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function runLine({ command, date, machine, loadBefore, versions }: Run): string {
  const made = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
  return `\`${command}\`, ${date}, ${machine}, load average ${String(loadBefore)} before the run; ${made}.`;
}
