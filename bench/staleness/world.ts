// Owns the world of the staleness table: Redis, the shop, two edges and a browser, and how each tier is asked for a price.
import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium } from "../../cli/dev/chromium-binary.ts";
import { freePort } from "../../cli/dev/ports.ts";
import { startRedis } from "../../cli/dev/redis.ts";
import { startDev } from "../../cli/dev/run.ts";
import { startShopProcess } from "../../cli/dev/shop.ts";

const TOKEN = "staleness-token";
const ADMIN = { Authorization: "Bearer admin-token", "Content-Type": "application/json" };

export interface Tier {
  readonly name: string;
  /** The price this tier answers with in cents; undefined when it holds nothing and would ask the next. */
  readonly ask: (id: number) => Promise<number | undefined>;
}

export interface World {
  /** From the outside in. */
  readonly tiers: readonly Tier[];
  /** Resolves when the shop has answered the update. */
  readonly change: (id: number, priceCents: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface WorldOptions {
  /** Without it the shop is told of an edge that is not there. */
  readonly purges: boolean;
}

export async function startWorld({ purges }: WorldOptions): Promise<World> {
  const stops: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  };
  try {
    const redis = await startRedis(undefined);
    stops.push(redis.close);
    const [edgePort, shopPort, nobody] = [
      await freePort("127.0.0.1"),
      await freePort("127.0.0.1"),
      await freePort("127.0.0.1"),
    ];
    const shop = await startShopProcess({
      port: shopPort,
      redisUrl: redis.url,
      databaseUrl: undefined,
      edgeUrl: `http://127.0.0.1:${String(purges ? edgePort : nobody)}`,
      token: TOKEN,
      log: () => undefined,
      signal: new AbortController().signal,
    });
    stops.push(shop.close);
    const dev = await startDev({
      port: edgePort,
      originPort: 0,
      edges: 2,
      token: TOKEN,
      origin: shop.url,
      log: () => undefined,
    });
    stops.push(dev.close);
    const [here = "", there = ""] = dev.edgeUrls;
    const browser = await launch();
    if (browser !== undefined) stops.push(() => browser.close());
    return {
      tiers: await tiersOf(browser, here, there, shop.url),
      change: (id, cents) => change(here, id, cents),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function tiersOf(
  browser: Browser | undefined,
  here: string,
  there: string,
  shop: string,
): Promise<readonly Tier[]> {
  const page = browser === undefined ? undefined : await pageAt(browser, here);
  const inner = (tier: "application" | "database") => (id: number) => held(shop, id, tier);
  return [
    ...(page === undefined ? [] : [{ name: "browser", ask: (id: number) => inPage(page, id) }]),
    { name: "edge that took the update", ask: (id) => priceAt(here, id) },
    { name: "another edge", ask: (id) => priceAt(there, id) },
    { name: "gateway", ask: (id) => priceAt(shop, id) },
    { name: "application cache", ask: inner("application") },
    { name: "database", ask: inner("database") },
  ];
}

/** Undefined where there is no Chromium: the table then has no row for browsers. */
async function launch(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  return executablePath === undefined ? undefined : chromium.launch({ executablePath, args: ["--disable-gpu"] });
}

async function pageAt(browser: Browser, edge: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: edge })).newPage();
  // the only page whose scripts may ask the shop
  await page.goto("/");
  return page;
}

/** As a script of the page asks, through the browser's cache. */
async function inPage(page: Page, id: number): Promise<number> {
  const text = await page.evaluate(async (path) => (await fetch(path)).text(), `/api/products/${String(id)}`);
  return priceOf(text, "the browser");
}

async function priceAt(server: string, id: number): Promise<number> {
  return priceOf(await (await fetch(`${server}/api/products/${String(id)}`)).text(), server);
}

async function held(shop: string, id: number, tier: "application" | "database"): Promise<number | undefined> {
  const response = await fetch(`${shop}/api/admin/tiers/products/${String(id)}`, { headers: ADMIN });
  if (!response.ok) throw new Error(`the shop answered ${String(response.status)}: ${await response.text()}`);
  const report = (await response.json()) as Readonly<Record<string, { readonly price_cents: number } | null>>;
  return report[tier]?.price_cents;
}

async function change(edge: string, id: number, priceCents: number): Promise<void> {
  const body = JSON.stringify({ price_cents: priceCents });
  const response = await fetch(`${edge}/api/products/${String(id)}`, { method: "PUT", headers: ADMIN, body });
  if (!response.ok) throw new Error(`the update was refused: ${String(response.status)} ${await response.text()}`);
  await response.arrayBuffer();
}

function priceOf(text: string, who: string): number {
  const { price_cents: price } = JSON.parse(text) as { readonly price_cents?: unknown };
  if (typeof price !== "number") throw new TypeError(`${who} answered without a price: ${text}`);
  return price;
}
