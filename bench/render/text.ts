// Owns how figures are written.
import type { Verdict } from "../harness/judge.ts";
import type { Figure } from "../harness/results.ts";

/** With as many digits as mean something. */
export function numeral(value: number): string {
  if (!Number.isFinite(value)) return "not a number";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function figureText({ value, unit }: Figure): string {
  if (value === null) return "unknown";
  return unit === "" || unit === "/s" || unit === "%" ? `${numeral(value)}${unit}` : `${numeral(value)} ${unit}`;
}

export function verdictText({ met, margin }: Verdict): string {
  if (met === undefined || margin === undefined) return "no budget";
  if (met) return "met";
  return `MISSED by ${numeral(Math.abs(100 * margin))} %`;
}

export function budgetText({ budget, better }: Verdict): string {
  if (budget === undefined) return "";
  return `${better === "higher" ? "≥" : "≤"} ${numeral(budget)}`;
}
