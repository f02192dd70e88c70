// Owns how the results of the study are shown, the worst of them first.

export interface Cell {
  readonly hitRatio: number;
  readonly byteHitRatio: number;
}

export interface StreamResult {
  readonly stream: string;
  readonly requests: number;
  readonly objects: number;
  readonly footprintBytes: number;
  /** Shares of the footprint. */
  readonly budgets: readonly number[];
  readonly rows: readonly { readonly policy: string; readonly cells: readonly Cell[] }[];
}

export function tables(results: readonly StreamResult[]): string {
  const parts = results.map(table);
  return (results.length > 1 ? [...worst(results), ...parts] : parts).join("\n\n");
}

function table({ stream, requests, objects, footprintBytes, budgets, rows }: StreamResult): string {
  const megabytes = (footprintBytes / 1e6).toFixed(0);
  const head = `**${stream}**: ${requests.toLocaleString("en")} requests for ${objects.toLocaleString("en")} objects, ${megabytes} MB. Object / byte hit ratio, %.`;
  return [
    head,
    "",
    `| policy | ${budgets.map((share) => `${share * 100} %`).join(" | ")} |`,
    `| --- | ${budgets.map(() => "---:").join(" | ")} |`,
    ...rows.map(({ policy, cells }) => `| ${policy} | ${cells.map(shown).join(" | ")} |`),
  ].join("\n");
}

const percent = (ratio: number): string => (ratio * 100).toFixed(1);

function shown({ hitRatio, byteHitRatio }: Cell): string {
  return `${percent(hitRatio)} / ${percent(byteHitRatio)}`;
}

const REAL = "memoryTier (src)";

/** Where the tier gains least, or loses most, against each other policy: points of the hit ratios. */
function worst(results: readonly StreamResult[]): readonly string[] {
  const others = (results[0]?.rows ?? []).map(({ policy }) => policy).filter((policy) => policy !== REAL);
  const lines = others.map((policy) => {
    const gains = results.flatMap(({ stream, budgets, rows }) => {
      const theirs = rows.find((row) => row.policy === policy)?.cells;
      const ours = rows.find((row) => row.policy === REAL)?.cells ?? [];
      return ours.map((cell, i) => ({
        where: `${stream}, ${(budgets[i] ?? 0) * 100} %`,
        objects: (cell.hitRatio - (theirs?.[i]?.hitRatio ?? 0)) * 100,
        bytes: (cell.byteHitRatio - (theirs?.[i]?.byteHitRatio ?? 0)) * 100,
      }));
    });
    const least = gains.toSorted((a, b) => a.objects - b.objects)[0];
    const leastBytes = gains.toSorted((a, b) => a.bytes - b.bytes)[0];
    const mean = gains.reduce((sum, { objects }) => sum + objects, 0) / Math.max(1, gains.length);
    const meanBytes = gains.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, gains.length);
    return `| ${policy} | ${points(mean)} | ${points(least?.objects)} (${least?.where ?? ""}) | ${points(meanBytes)} | ${points(leastBytes?.bytes)} (${leastBytes?.where ?? ""}) |`;
  });
  return [
    "The tier's gain on each policy, in points (negative: it loses):",
    [
      "| against | objects, mean | objects, worst row | bytes, mean | bytes, worst row |",
      "| --- | ---: | ---: | ---: | ---: |",
      ...lines,
    ].join("\n"),
  ];
}

function points(value: number | undefined): string {
  return value === undefined ? "-" : `${value >= 0 ? "+" : "-"}${Math.abs(value).toFixed(1)}`;
}
