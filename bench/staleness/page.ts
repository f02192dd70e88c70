// Owns docs/staleness.md: made from the results file alone.
import { stalenessBoundMs } from "../../origin-mock/cache/tier-policy.ts";
import { TIER_POLICY } from "../../origin-mock/http/policy.ts";
import type { Run } from "../harness/results.ts";
import { type Cell, MOMENTS, PRODUCTS_EACH, type TierRow } from "./measure.ts";

export interface Scene {
  readonly title: string;
  readonly how: string;
  readonly rows: readonly TierRow[];
}
export interface StalenessResults {
  readonly run: Run;
  readonly scenes: readonly Scene[];
}

export function stalenessPage({ run, scenes }: StalenessResults): string {
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  return [
    "# How old an answer can be",
    `A price changes, and the shop answers the update. The tables show the price that each tier answers so many seconds later. Made by
\`npm run staleness\` from \`bench/results/staleness.json\`. A question may change the tier, so at every moment the measurement asks each tier for other
products, ${String(PRODUCTS_EACH)} each, all of which every tier had before. *old* and *new* are prices. *empty*: the tier had
no price any more, and the next tier answers.`,
    ...scenes.flatMap(({ title, how, rows }) => [`## ${title}`, how, tableOf(rows)]),
    boundText(),
    "## Run",
    `${run.date}, ${run.machine}; ${versions.join(", ")}; load before ${String(run.loadBefore)}.`,
  ]
    .join("\n\n")
    .concat("\n");
}

function boundText(): string {
  const { application, gateway, cdn, cdnStaleWhileRevalidate, browser } = TIER_POLICY.product;
  const { invalidated, unheard } = stalenessBoundMs(TIER_POLICY.product);
  return `## Bounds

The lifetimes in \`origin-mock/http/policy.ts\` bound the age of a product. Once its event was handled, only browsers have the old price, for
${String(invalidated / 1000)} s at most. If no tier heard of the change, each could take the old price over from the tier inside at the last moment:
${String(application)} s (application cache) + ${String(gateway)} s (gateway) + ${String(cdn)} s and ${String(cdnStaleWhileRevalidate)} s while revalidating (edge) + ${String(browser)} s
(browser) = ${String(unheard / 1000)} s.`;
}

function tableOf(rows: readonly TierRow[]): string {
  const head = ["asked after", ...MOMENTS.map((seconds) => `${String(seconds)} s`)];
  const lines = [head, head.map(() => "---"), ...rows.map(({ tier, cells }) => [tier, ...cells.map(cellText)])];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellText({ old, fresh, empty }: Cell): string {
  const counted = Object.entries({ old, new: fresh, empty }).filter(([, count]) => count > 0);
  if (counted.length === 1) return counted[0]?.[0] ?? "";
  return counted.map(([word, count]) => `${String(count)} ${word}`).join(", ");
}
