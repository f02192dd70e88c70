// Owns the trials of when a purge is obeyed, on real edges: where it was taken, and on the others.
import { request } from "node:http";
import { startEdges } from "../../cli/dev/edges.ts";
import type { Comparison } from "../harness/judge.ts";
import type { Figure } from "../harness/results.ts";
import { median } from "../harness/statistics.ts";
import { BENCH_TOKEN, fileInBench } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";

const EDGES = 3;
const AT_ONCE = 50;

interface Trial {
  /** Obeyed by the first request there after the receipt. */
  readonly here: boolean;
  /** From the receipt until the slower of the others was first asked in vain for what was purged, milliseconds. */
  readonly elsewhereMs: number;
  /** No request that was sent later than `maxLag` after the receipt got what was purged. */
  readonly inBound: boolean;
}

export interface Visible {
  readonly comparison: Comparison;
  readonly figures: readonly Figure[];
  readonly raw: object;
}

export async function measureVisible(originUrl: string, trials: number): Promise<Visible> {
  const edges = await startEdges({
    count: EDGES,
    port: 0,
    origin: originUrl,
    token: BENCH_TOKEN,
    config: fileInBench("sites/no-global.ts"),
  });
  const done: Trial[] = [];
  try {
    while (done.length < trials) {
      const many = Math.min(AT_ONCE, trials - done.length);
      const from = done.length;
      done.push(...(await Promise.all(Array.from({ length: many }, (_, i) => trial(edges.urls, from + i)))));
    }
  } finally {
    await edges.close();
  }
  const obeyed = done.filter(({ here, inBound }) => here && inBound).length;
  const lagsMs = done.map(({ elsewhereMs }) => elsewhereMs);
  const count = trials.toLocaleString("en");
  const what = `purge visible: here at once, on the other edges within maxLag: share of ${count} trials`;
  const figure = (column: string, value: number): Figure => ({
    row: "purge obeyed on the other edges",
    column,
    unit: "ms",
    value,
  });
  return {
    comparison: { what, unit: "", better: "higher", budget: 1, rounds: [obeyed / trials] },
    figures: [figure("median", median(lagsMs)), figure("longest", Math.max(...lagsMs))],
    raw: { trials, obeyed },
  };
}

/** All edges hold one object; one of them takes its purge. */
async function trial(urls: readonly string[], index: number): Promise<Trial> {
  const path = resourcePath({ type: "json", bytes: 256, delayMs: 0, policy: "day" }, `visible-${String(index)}`);
  for (const url of urls) {
    await isHit(url, path);
    if (!(await isHit(url, path))) throw new Error(`${path} is not held`);
  }
  const here = urls[index % urls.length] ?? "";
  const boundMs = await purge(here, path);
  const receivedAtMs = performance.now();
  const isObeyed = !(await isHit(here, path));
  const others = await Promise.all(
    urls.filter((url) => url !== here).map((url) => obeyedAt(url, path, receivedAtMs + boundMs)),
  );
  return {
    here: isObeyed,
    elsewhereMs: Math.max(...others.map(({ atMs }) => atMs)) - receivedAtMs,
    inBound: others.every(({ inBound }) => inBound),
  };
}

/** Asks until the answer is no hit. `atMs`: when that question was sent. */
async function obeyedAt(url: string, path: string, boundAtMs: number): Promise<{ atMs: number; inBound: boolean }> {
  for (let inBound = true; ;) {
    const atMs = performance.now();
    if (!(await isHit(url, path))) return { atMs, inBound };
    inBound &&= atMs <= boundAtMs;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const HOST = "visible.test";

/** Under one name: the host is part of the key. */
function isHit(url: string, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asking = request(url + path, { headers: { host: HOST } }, (answer) => {
      const status = String(answer.headers["cache-status"]);
      answer.resume().once("error", reject);
      answer.once("end", () => {
        if (answer.statusCode === 200) resolve(status.includes("; hit"));
        else reject(new Error(`${path} was answered with ${String(answer.statusCode)}`));
      });
    });
    asking.once("error", reject).end();
  });
}

/** @returns the bound that the receipt states, milliseconds. */
async function purge(url: string, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${BENCH_TOKEN}` };
  const body = JSON.stringify({ paths: [path] });
  const answer = await fetch(`${url}/.strata/purge`, { method: "POST", headers, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`a purge was answered with ${String(answer.status)}: ${text}`);
  return (JSON.parse(text) as { visible: { everywhereWithinMs: number } }).visible.everywhereWithinMs;
}
