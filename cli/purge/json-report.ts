// Owns the end of a purge as one JSON object, for scripts. Members are added, never changed: docs/purge.md tells them.
import type { Confirmed } from "./confirm.ts";
import type { Item, Problem } from "./item.ts";
import type { Told } from "./report.ts";
import { boundMs, type Fate, lastSeq, meaningOf, type Outcome } from "./run.ts";

/** `confirmed`: where it was waited for. */
export function jsonReport(outcome: Outcome, told: Told, confirmed: Confirmed | undefined): object {
  const common = { outcome: outcome.kind, mode: told.mode, idempotencyKey: told.runKey };
  switch (outcome.kind) {
    case "would": {
      const would = outcome.would.flatMap(meaningOf).map(({ item, forms }) => {
        return { target: item ? asWritten(item) : "browsers", ...placeOf(item), becomes: forms };
      });
      return { ...common, would };
    }
    case "refused":
      return { ...common, detail: outcome.detail, problems: outcome.problems };
    case "failed":
      return { ...common, detail: outcome.detail, problems: outcome.problems, batches: outcome.fates.map(batchReport) };
    case "purged": {
      const seq = lastSeq(outcome.fates);
      const purged = { seq, everywhereWithinMs: boundMs(outcome.fates), batches: outcome.fates.map(batchReport) };
      return { ...common, ...purged, ...(confirmed && confirmation(confirmed)) };
    }
  }
}

/** Of what was wrong before any edge was asked. */
export function jsonProblems(problems: readonly Problem[]): object {
  return { outcome: "refused", detail: "nothing was sent", problems };
}

function batchReport(fate: Fate): object {
  const { items, first } = fate.batch;
  const ends = { first: endOf(items[0]), last: endOf(items.at(-1)) };
  const where = { state: fate.state, from: first, targets: items.length, ...ends };
  if (fate.state !== "purged") return where;
  const { seq, purgedAt, replayed } = fate.receipt;
  return { ...where, seq, purgedAt, replayed };
}

function confirmation(confirmed: Confirmed): object {
  if (confirmed.kind === "interrupted") return { waited: false };
  const edges = confirmed.edges.map(({ url, seq, detail }) => ({
    url,
    confirmed: seq !== undefined,
    ...(seq === undefined ? { detail } : { seq }),
  }));
  return { waited: true, edges };
}

function endOf(item: Item | undefined): object | undefined {
  return item && { target: asWritten(item), ...placeOf(item) };
}

function asWritten(item: Item): string {
  return item.kind === "everything" ? item.kind : `${item.kind} ${item.value}`;
}

function placeOf(item: Item | undefined): object {
  return item?.place === undefined ? {} : { place: item.place };
}
