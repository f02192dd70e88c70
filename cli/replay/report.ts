// Owns the final report of a replay: one plain record (`--json`), and the same as aligned Markdown tables. Pure.
import type { OriginCounts } from "./log-origin.ts";
import type { Survey } from "./log-plan.ts";
import type { ReplayEnd } from "./replayer.ts";
import type { Problems, Tally } from "./tally.ts";

export interface ReportInput {
  readonly survey: Survey;
  readonly tally: Tally;
  readonly origin: OriginCounts;
  readonly end: ReplayEnd;
  readonly durationMs: number;
  readonly concurrency: number;
}

/** Ratios are between 0 and 1; null where there was nothing to divide by. */
export interface Report {
  readonly end: ReplayEnd;
  readonly log: {
    readonly name: string;
    readonly lines: number;
    readonly requests: number;
    readonly targets: number;
    readonly spanSeconds: number;
    readonly bad: Survey["bad"];
    readonly skipped: Readonly<Record<string, number>>;
    readonly fidelity: Survey["catalogue"]["fidelity"];
  };
  readonly summary: {
    readonly requests: number;
    readonly hits: number;
    readonly hitRatio: number | null;
    readonly revalidated: number;
    readonly bytes: number;
    readonly hitBytes: number;
    readonly byteHitRatio: number | null;
    readonly originRequests: number;
    readonly originBytes: number;
    readonly originUnknown: number;
    readonly durationMs: number;
    readonly concurrency: number;
  };
  readonly contentTypes: readonly ContentTypeRow[];
  readonly reasons: readonly ReasonRow[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly mismatches: Problems;
  readonly failures: Problems;
}

interface ContentTypeRow {
  readonly contentType: string;
  readonly requests: number;
  readonly hits: number;
  readonly hitRatio: number | null;
  readonly bytes: number;
  readonly byteHitRatio: number | null;
  readonly originRequests: number;
}

interface ReasonRow {
  readonly how: string;
  readonly reason: string;
  readonly requests: number;
  readonly share: number | null;
  readonly stored: number;
  readonly bytes: number;
}

export function buildReport({ survey, tally, origin, end, durationMs, concurrency }: ReportInput): Report {
  const { total } = tally;
  const contentTypes = [...tally.byContentType].map(([contentType, counts]) => ({
    contentType,
    requests: counts.requests,
    hits: counts.hits,
    hitRatio: ratio(counts.hits, counts.requests),
    bytes: counts.bytes,
    byteHitRatio: ratio(counts.hitBytes, counts.bytes),
    originRequests: origin.byContentType.get(contentType)?.requests ?? 0,
  }));
  const reasons = [...tally.byReason.values()].map((row) => ({ ...row, share: ratio(row.requests, total.requests) }));
  return {
    end,
    log: {
      name: survey.name,
      lines: survey.lines,
      requests: survey.requests,
      targets: survey.catalogue.targets,
      spanSeconds: (survey.lastMs - survey.firstMs) / 1000,
      bad: survey.bad,
      skipped: Object.fromEntries(survey.skipped),
      fidelity: survey.catalogue.fidelity,
    },
    summary: {
      requests: total.requests,
      hits: total.hits,
      hitRatio: ratio(total.hits, total.requests),
      revalidated: total.revalidated,
      bytes: total.bytes,
      hitBytes: total.hitBytes,
      byteHitRatio: ratio(total.hitBytes, total.bytes),
      originRequests: origin.total.requests,
      originBytes: origin.total.bytes,
      originUnknown: origin.unknown,
      durationMs,
      concurrency,
    },
    contentTypes: contentTypes.sort(byRequests((row) => row.contentType)),
    reasons: reasons.sort(byRequests((row) => `${row.how} ${row.reason}`)),
    statuses: Object.fromEntries(tally.byStatus),
    mismatches: tally.mismatches,
    failures: tally.failures,
  };
}

export function printReport(report: Report): string {
  const { summary } = report;
  return [
    `Replay of ${report.log.name}`,
    "",
    table(
      ["measure", "value"],
      [
        ["requests", count(summary.requests)],
        ["hit ratio", percent(summary.hitRatio)],
        ["byte hit ratio", percent(summary.byteHitRatio)],
        ["origin requests", count(summary.originRequests)],
        ["origin bytes", bytes(summary.originBytes)],
        ["delivered bytes", bytes(summary.bytes)],
        ["duration", `${(summary.durationMs / 1000).toFixed(1)} s`],
      ],
    ),
    "",
    table(
      ["content type", "requests", "hits", "hit ratio", "bytes", "byte hit ratio", "origin requests"],
      report.contentTypes.map((row) => [
        row.contentType,
        count(row.requests),
        count(row.hits),
        percent(row.hitRatio),
        bytes(row.bytes),
        percent(row.byteHitRatio),
        count(row.originRequests),
      ]),
    ),
    "",
    table(
      ["outcome", "reason", "requests", "share", "stored", "bytes"],
      report.reasons.map((row) => [
        row.how,
        row.reason,
        count(row.requests),
        percent(row.share),
        count(row.stored),
        bytes(row.bytes),
      ]),
    ),
    "",
    ...notes(report).map((note) => `- ${note}`),
  ].join("\n");
}

function notes({ end, log, summary, mismatches, failures }: Report): string[] {
  const { fidelity } = log;
  const skipped = Object.entries(log.skipped).map(([reason, entries]) => `${reason} ${count(entries)}`);
  const unserved = fidelity.otherStatus + fidelity.otherSize;
  return [
    ...(end.kind === "complete" ? [] : [`Not complete: ${end.kind === "gave-up" ? end.problem : "interrupted"}.`]),
    listed("Integrity: answers that differ from what the origin has", mismatches),
    ...(failures.count === 0 ? [] : [listed("Requests without an answer", failures)]),
    ...(summary.originUnknown === 0
      ? []
      : [`The origin was asked ${count(summary.originUnknown)} times for paths the log does not have.`]),
    ...(log.bad.count === 0 ? [] : [badLines(log.bad)]),
    ...(skipped.length === 0 ? [] : [`Log entries that cannot be sent again: ${skipped.join(", ")}.`]),
    `Origin: ${count(log.targets)} targets, each with its most frequent status and size; ${count(unserved)} entries were logged with ` +
      `another, ${count(fidelity.partialServedWhole)} partial answers (206) are asked for whole, ` +
      `${count(fidelity.targetsOfUnknownSize)} targets of unknown size get 1 KiB. Content types and lifetimes are assumed from the path.`,
    `Time is compressed: the log spans ${span(log.spanSeconds)}, the replay took ${span(summary.durationMs / 1000)}, so no longer ` +
      "lifetime ends during it and the hit ratios are an upper bound.",
  ];
}

function listed(text: string, problems: Problems): string {
  return [`${text}: ${count(problems.count)}.`, ...problems.first.map((problem) => `  - ${problem}`)].join("\n");
}

function badLines({ count: lines, first }: Survey["bad"]): string {
  return listed("Lines that cannot be read", {
    count: lines,
    first: first.map(({ lineNumber, problem }) => `line ${lineNumber}: ${problem}`),
  });
}

/** Columns of numbers are right-aligned: all but those of words. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((name, column) =>
    Math.max(3, name.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const isNumeric = header.map(
    (_, column) => column > 0 && cells.every((row) => /^(?:[\d–]|<)/.test(row[column] ?? "")),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => pad(cell, widths[column] ?? 0, isNumeric[column] ?? false)).join(" | ")} |`;
  const rule = widths.map((width, column) => (isNumeric[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(header), `| ${rule.join(" | ")} |`, ...cells.map(line)].join("\n");
}

function pad(cell: string, width: number, right: boolean): string {
  return right ? cell.padStart(width) : cell.padEnd(width);
}

function byRequests<Row extends { requests: number }>(name: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => b.requests - a.requests || (name(a) < name(b) ? -1 : 1);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function percent(value: number | null): string {
  return value === null ? "–" : `${(value * 100).toFixed(1)} %`;
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}

function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.95 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7_200) return `${(seconds / 60).toFixed(1)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}
