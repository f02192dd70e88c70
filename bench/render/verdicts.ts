// Owns the terminal's text about a row: each comparison with its budget, the worst first, then the figures.
import { judged, worstFirst } from "../harness/judge.ts";
import type { Measured } from "../harness/results.ts";
import { budgetText, figureText, numeral, verdictText } from "./text.ts";

export function verdictLines({ comparisons, figures }: Measured): string {
  const verdicts = worstFirst(comparisons.map(judged)).map(
    (verdict) =>
      `  ${verdict.what}: ${numeral(verdict.median)} (worst round ${numeral(verdict.worst)}) ${budgetText(verdict)} ${verdictText(verdict)}`,
  );
  const rows = [...new Set(figures.map(({ row }) => row))].map((row) => {
    const own = figures.filter((figure) => figure.row === row);
    return `    ${row}: ${own.map((figure) => `${figure.column} ${figureText(figure)}`).join(", ")}`;
  });
  return [...verdicts, ...rows, ""].join("\n");
}
