// Owns the invariants after a fault: nothing waits, every tier and every edge shows the acknowledged state, and no visitor got worse answers than documented.
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { openPostgres } from "../../../../origin-mock/db/postgres.ts";
import { until } from "../../../cli/until.ts";
import { type PriceLedger, priceIn } from "./price-ledger.ts";
import { type Answer, ask } from "./question.ts";
import { ADMIN, type World } from "./world.ts";

/** Within which everything recorded is handled, once what was broken works again (docs/faults.md). */
const HANDLED_WITHIN_MS = 15_000;
/** Within which every edge obeys a purge (`purge.maxLag`). */
const OBEYED_WITHIN_MS = 1_000;
/** Within which an edge asks an origin again that has failed often (docs/operations.md): 5 s, a quarter more or less, twice. */
const RESTED_WITHIN_MS = 19_000;

export interface Backlog {
  readonly waiting: number;
  /** Of those, how many a stream was given. */
  readonly published: number;
  readonly dead: number;
}

export async function backlog({ shop }: Pick<World, "shop">): Promise<Backlog | undefined> {
  const { status, text } = await ask("administrator", shop.url, "/api/admin/events", { headers: ADMIN });
  return status === 200 ? (JSON.parse(text) as Backlog) : undefined;
}

/** Until every event is handled. */
export async function drained(world: Pick<World, "shop">, withinMs = HANDLED_WITHIN_MS): Promise<void> {
  await until("every event is handled", async () => (await backlog(world))?.waiting === 0, withinMs);
}

/** Events are handled, and then no tier and no edge shows a price below the last one acknowledged, and all show the same. */
export async function expectNothingLost(world: World, prices: PriceLedger): Promise<void> {
  expect(prices.acknowledgements).toBeGreaterThan(0);
  await drained(world);
  const sinceMs = Date.now();
  const truth = await storedPrices(world, prices.products);
  for (const id of prices.products) {
    const stored = truth.get(id) ?? 0;
    expect(stored, `product ${String(id)} in the database`).toBeGreaterThanOrEqual(prices.floor(id));
    const path = `/api/products/${String(id)}`;
    for (const edge of world.edgeUrls) await obeys(edge, path, stored, sinceMs, priceIn);
    expect(await price(world, path, {}), `${path} at the gateway`).toBe(stored);
    // a condition on the state is the route's to judge: the gateway stands aside
    expect(await price(world, path, { "if-match": "*" }), `${path} in the application's cache`).toBe(stored);
  }
  const [id = 1] = prices.products;
  for (const edge of world.edgeUrls) {
    await obeys(edge, "/api/deals?limit=20", truth.get(id) ?? 0, sinceMs, (text) => listed(text, id));
  }
}

/** Asks until it is there. Whoever asks later than the bound must see it; an edge that gives a failing origin a rest says so. */
async function obeys(
  edge: string,
  path: string,
  wanted: number,
  sinceMs: number,
  read: (text: string) => number | undefined,
): Promise<void> {
  for (;;) {
    const seen = await until(
      `${edge}${path} is answered`,
      async () => {
        const answer = await ask("visitor", edge, path);
        return !isDocumented(answer) && answer;
      },
      RESTED_WITHIN_MS,
    );
    expect(seen.status, `${edge}${path}: ${seen.text}`).toBe(200);
    const shown = read(seen.text);
    if (shown === wanted || shown === undefined) return;
    const lateMs = seen.sentAtMs - sinceMs - OBEYED_WITHIN_MS;
    const said = seen.fields.get("cache-status") ?? "";
    expect(lateMs, `${edge}${path} shows ${String(shown)}, not ${String(wanted)}: ${said}`).toBeLessThanOrEqual(0);
    await pause(20);
  }
}

/** Undefined where it is not listed. */
function listed(text: string, id: number): number | undefined {
  const { products = [] } = JSON.parse(text) as { products?: readonly { id: number; price_cents: number }[] };
  return products.find((product) => product.id === id)?.price_cents;
}

async function price({ shop }: World, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { status, text } = await ask("visitor", shop.url, path, { headers });
  expect(status, text).toBe(200);
  return priceIn(text);
}

/** By SQL; where the database is embedded in the shop, as its application tells. */
async function storedPrices(world: World, ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (world.postgres === undefined) {
    const told = await Promise.all(
      ids.map(async (id) => [id, await price(world, `/api/products/${String(id)}`, { "if-match": "*" })] as const),
    );
    return new Map(told);
  }
  const db = openPostgres(world.postgres.url, () => undefined);
  try {
    const rows = await db.query("SELECT id, price_cents FROM products");
    return new Map(rows.map((row) => [Number(row["id"]), Number(row["price_cents"])]));
  } finally {
    await db.close();
  }
}

export function tell({ who, server, what, status, tookMs, text, fields }: Answer): string {
  const cache = fields.get("cache-status") ?? "";
  return `${who} ${server} ${what} -> ${String(status)} after ${String(tookMs)} ms (${cache}) ${text.slice(0, 200)}`;
}

/** 503 of the shop, and 502, 503 or 504 of the edge: as problem+json that says when to come again. */
export function isDocumented({ status, fields }: Answer): boolean {
  const problem = (fields.get("content-type") ?? "").startsWith("application/problem+json");
  return [502, 503, 504].includes(status) && problem && fields.get("retry-after") !== null;
}

/** How much later than documented an answer may come of a machine that is busy: less than a fault lasts that is waited for. */
const BUSY_MS = 8_000;

/** Nine in ten waited no longer than `withinMs`, and nobody for the end of what is broken. */
export function expectPrompt(answers: readonly Answer[], withinMs: number): void {
  const slowest = answers.toSorted((a, b) => b.tookMs - a.tookMs);
  const late = slowest.filter(({ tookMs }, at) => tookMs > withinMs + (at < answers.length / 10 ? BUSY_MS : 0));
  expect(late.map(tell)).toEqual([]);
}

/** Nobody got an error that is not documented, and nobody waited much longer than `withinMs`. */
export function expectDecent(answers: readonly Answer[], withinMs: number): void {
  const failed = answers.filter((answer) => (answer.status >= 500 || answer.status === 0) && !isDocumented(answer));
  expect(failed.map(tell)).toEqual([]);
  expectPrompt(answers, withinMs);
}

/** The same of nine in ten. For an answer that needs a wait which a busy machine may exceed. */
export function expectMost(answers: readonly Answer[], is: (answer: Answer) => boolean): void {
  const others = answers.filter((answer) => !is(answer));
  expect(others.length <= answers.length / 10 ? [] : others.map(tell)).toEqual([]);
}

export function expectAll(answers: readonly Answer[], is: (answer: Answer) => boolean): void {
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.filter((answer) => !is(answer)).map(tell)).toEqual([]);
}
