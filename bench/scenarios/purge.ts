// Owns the row of purges: the cost of a purge that matches much, the rate that the log takes, and the cost for hits.
import type { Comparison } from "../harness/judge.ts";
import type { Figure, Measured } from "../harness/results.ts";
import { rounded } from "../harness/rounds.ts";
import { median, percentile, ratios } from "../harness/statistics.ts";
import { BENCH_TOKEN, startStrataForPurges, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

const HELD = 100_000;
const PER_SECOND = 1000;
const SECONDS = 10;
/** The log's own bound. */
const LOG_ROWS = 100_000;
const IN_FLIGHT = 32;

export const purge: Scenario = {
  title: "Purge",
  how: `${HELD.toLocaleString("en")} objects with one tag and one object with another are stored in the isolate's memory. The two tags are purged in turn, over HTTP. Then ${PER_SECOND.toLocaleString("en")} purges a
second, each of a tag of its own, are sent for ${String(SECONDS)} s at set times, however slow the answers are, and the log's rows are counted; then as many as ${String(IN_FLIGHT)} connections
carry, of a log with few rows and of one that is full, so that purges make room. Last, an isolate's copy of a log with ${LOG_ROWS.toLocaleString("en")} records, a hundredth
of them prefixes of twenty lengths, is asked about responses that nothing has purged: many times in one request, timed from outside.`,
  async measure(setting) {
    const target = await startStrataForPurges();
    try {
      const parts = [await measureSelectivity(setting, target), await measureRate(setting, target)];
      parts.push(await measureChecks(setting, target));
      return {
        comparisons: parts.flatMap(({ comparisons }) => comparisons),
        figures: parts.flatMap(({ figures }) => figures),
        notes: parts.flatMap(({ notes }) => notes),
        raw: parts.map(({ raw }) => raw),
      };
    } finally {
      await target.close();
    }
  },
};

/** Of a purge, milliseconds until the receipt is read. @throws where it was not accepted. */
async function purgeTag({ url }: Target, tag: string): Promise<number> {
  const startedAtMs = performance.now();
  const response = await fetch(`${url}/.strata/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${BENCH_TOKEN}` },
    body: JSON.stringify({ tags: [tag] }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`a purge was answered with ${String(response.status)}: ${text}`);
  return performance.now() - startedAtMs;
}

async function rowsOf({ url }: Target): Promise<number> {
  return Number(await (await fetch(`${url}/bench/rows`)).text());
}

async function measureSelectivity({ load, isQuick, progress }: Setting, target: Target): Promise<Measured> {
  const objects = isQuick ? HELD / 100 : HELD;
  progress(`${objects.toLocaleString("en")} objects with one tag`);
  const path = (name: string): string => resourcePath({ type: "json", bytes: 256, delayMs: 0, policy: "day" }, name);
  const { address } = target;
  const [many, one] = [path("many/object"), path("one/object-0")];
  const offer = { kind: "closed-loop", address, connections: IN_FLIGHT } as const;
  await load.run({ ...offer, path: many, until: { requests: objects }, isEachNew: true });
  await (await fetch(target.url + one)).arrayBuffer();
  const hits = await Promise.all(
    [`${many}-7`, `${many}-${String(objects - 1)}`, one].map((each) => statusOf(target, each)),
  );
  const rowsBefore = await rowsOf(target);
  const times = { many: [] as number[], one: [] as number[] };
  for (let i = 0; i < 50; i++) await purgeTag(target, "warm-up");
  const rounds = isQuick ? 3 : 9;
  for (let round = 0; round < rounds; round++) {
    const [held, alone] = await inPairs(target, "held-by-many", "held-by-one");
    times.many.push(held);
    times.one.push(alone);
  }
  const rows = (await rowsOf(target)) - rowsBefore;
  const gone = await Promise.all(
    [`${many}-8`, `${many}-${String(objects - 2)}`, one].map((each) => statusOf(target, each)),
  );
  if (!hits.every((said) => said.includes("; hit")) || gone.some((said) => said.includes("; hit"))) {
    throw new Error(`not stored, or not purged: ${[...hits, ...gone].join(" | ")}`);
  }
  const what = `purge of a tag held by ${objects.toLocaleString("en")} objects`;
  return {
    comparisons: [
      { what: `${what} / by 1, time`, unit: "", better: "lower", budget: 1.2, rounds: ratios(times.many, times.one) },
      // the warm-up's is the third
      { what: `${what}: rows in the log, each`, unit: "", better: "lower", budget: 1, rounds: [(rows - 1) / 2] },
    ],
    figures: [
      { row: what, column: "median", unit: "ms", value: median(times.many) },
      { row: "purge of a tag held by 1 object", column: "median", unit: "ms", value: median(times.one) },
    ],
    notes: [],
    raw: { many: times.many.map(rounded), one: times.one.map(rounded), rows },
  };
}

const EACH_ROUND = 50;

/** Medians. The two take turns, so that a slow moment of the machine slows both. */
async function inPairs(target: Target, a: string, b: string): Promise<readonly [number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < EACH_ROUND; i++) {
    times[0].push(await purgeTag(target, a));
    times[1].push(await purgeTag(target, b));
  }
  return [median(times[0]), median(times[1])];
}

async function statusOf({ url }: Target, path: string): Promise<string> {
  const response = await fetch(url + path);
  await response.arrayBuffer();
  return response.headers.get("cache-status") ?? "";
}

async function measureRate({ isQuick, progress }: Setting, target: Target): Promise<Measured> {
  const perSecond = isQuick ? PER_SECOND / 10 : PER_SECOND;
  const count = perSecond * (isQuick ? 1 : SECONDS);
  progress(`${count.toLocaleString("en")} purges, ${perSecond.toLocaleString("en")} a second`);
  const rowsBefore = await rowsOf(target);
  const { latenciesMs, elapsedMs } = await atSetTimes(count, perSecond, (i) => purgeTag(target, `storm-${String(i)}`));
  const kept = (await rowsOf(target)) - rowsBefore;
  const requests = isQuick ? 200 : 5000;
  progress("as many purges as go");
  const few = await asManyAsGo(requests, (i) => purgeTag(target, `few-${String(i)}`));
  await fetch(`${target.url}/bench/fill?rows=${String(LOG_ROWS)}`);
  // this edge's copy follows first: otherwise each answer would bring the rest
  await purgeTag(target, "filled");
  const full = await asManyAsGo(requests, (i) => purgeTag(target, `full-${String(i)}`));
  const rows = await rowsOf(target);
  const row = `${perSecond.toLocaleString("en")} purges a second`;
  const comparisons: readonly Comparison[] = [
    {
      what: `${count.toLocaleString("en")} purges, ${perSecond.toLocaleString("en")} a second: rows in the log / accepted`,
      unit: "",
      better: "higher",
      budget: 1,
      rounds: [kept / count],
    },
    { what: "rows of a full log / its bound", unit: "", better: "lower", budget: 1, rounds: [rows / LOG_ROWS] },
  ];
  const figures: readonly Figure[] = [
    { row, column: "answered", unit: "/s", value: (count * 1000) / elapsedMs },
    { row, column: "median", unit: "ms", value: median(latenciesMs) },
    { row, column: "99 %", unit: "ms", value: percentile(latenciesMs, 99) },
    { row: "as many as go, few rows", column: "answered", unit: "/s", value: few },
    { row: `as many as go, ${LOG_ROWS.toLocaleString("en")} rows`, column: "answered", unit: "/s", value: full },
  ];
  const notes = [
    "Client, edge and log share the machine, so the rate of purges is the rate of all three together. Times of purges at a set rate count from when they were due.",
  ];
  return { comparisons, figures, notes, raw: { kept, count, elapsedMs: rounded(elapsedMs), few, full, rows } };
}

async function atSetTimes(count: number, perSecond: number, act: (i: number) => Promise<number>) {
  const latenciesMs: number[] = [];
  const startedAtMs = performance.now();
  const one = async (i: number): Promise<void> => {
    const dueAtMs = startedAtMs + (i * 1000) / perSecond;
    await act(i);
    latenciesMs.push(performance.now() - dueAtMs);
  };
  const under: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const waitMs = startedAtMs + (i * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const answered = one(i);
    // told below, with the others
    answered.catch(() => undefined);
    under.push(answered);
  }
  await Promise.all(under);
  return { latenciesMs, elapsedMs: performance.now() - startedAtMs };
}

/** A second, with so many under way. */
async function asManyAsGo(count: number, act: (i: number) => Promise<number>): Promise<number> {
  let sent = 0;
  const startedAtMs = performance.now();
  const work = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      await act(sent);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return (count * 1000) / (performance.now() - startedAtMs);
}

async function measureChecks({ isQuick, progress }: Setting, { url }: Target): Promise<Measured> {
  progress("checks");
  const checks = isQuick ? 2000 : 50_000;
  const asked = async (count: number, tags: number): Promise<number> => {
    const startedAtMs = performance.now();
    const response = await fetch(`${url}/bench/check?checks=${String(count)}&tags=${String(tags)}`);
    if (response.status !== 200) throw new Error(`checks were answered with ${String(response.status)}`);
    await response.arrayBuffer();
    return performance.now() - startedAtMs;
  };
  const measured = [];
  for (const tags of [1, 10, 100]) {
    await asked(checks, tags);
    const checkUs: number[] = [];
    for (let round = 0; round < (isQuick ? 2 : 7); round++) {
      const emptyMs = await asked(0, tags);
      checkUs.push((((await asked(checks, tags)) - emptyMs) * 1000) / checks);
    }
    measured.push({ tags, checkUs });
  }
  const [one, , hundred] = measured;
  const eachTag = (hundred?.checkUs ?? []).map((us, round) => (us - (one?.checkUs[round] ?? 0)) / 99);
  return {
    comparisons: [
      {
        what: `check of a response, ${LOG_ROWS.toLocaleString("en")} records: µs for each tag, 2 to 100`,
        unit: "",
        better: "lower",
        budget: 2,
        rounds: eachTag,
      },
    ],
    figures: measured.map(({ tags, checkUs }) => ({
      row: `check of a response with ${String(tags)} tag${tags === 1 ? "" : "s"}`,
      column: "median",
      unit: "µs",
      value: median(checkUs),
    })),
    notes: [
      `A check also looks up the response's other targets: everything, its host, URL and path, and the prefixes of each recorded length, with its host and
without. With one tag, twenty lengths take nearly all of the time. A response that was fetched after the last purge is not checked at all.`,
    ],
    raw: measured.map(({ tags, checkUs }) => ({ tags, checkUs: checkUs.map(rounded) })),
  };
}
