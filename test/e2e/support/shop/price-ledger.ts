// Owns the ledger of prices: acknowledged ones, and those that readers saw. A product's price only rises, so an old price is a lower one.
import type { Answer } from "./question.ts";

export interface PriceLedger {
  /** Higher than all before. */
  next(id: number): number;
  acknowledged(id: number, price: number): void;
  read(answer: Answer): void;
  /** The last that was acknowledged. Later ones, whose answer was lost or an error, may stand all the same. */
  floor(id: number): number;
  readonly products: readonly number[];
  readonly acknowledgements: number;
  /** Readers of one edge who were shown an older price after a newer one. */
  readonly setbacks: readonly string[];
}

/** Of all ledgers of a process: their tests may follow each other in one world. */
let price = 1_000_000;

export function createPriceLedger(): PriceLedger {
  const floors = new Map<number, number>();
  const seen = new Map<string, { readonly price: number; readonly atMs: number }>();
  const setbacks: string[] = [];
  let acknowledgements = 0;
  return {
    next() {
      price += 1;
      return price;
    },
    acknowledged(id, acknowledged) {
      acknowledgements += 1;
      floors.set(id, Math.max(acknowledged, floors.get(id) ?? 0));
    },
    read({ server, what, status, text, sentAtMs, fields }) {
      const [, id] = /^GET \/api\/products\/(\d+)$/.exec(what) ?? [];
      if (status !== 200 || id === undefined) return;
      const [now, before] = [priceIn(text), seen.get(`${server} ${id}`)];
      if (before !== undefined && now < before.price && sentAtMs >= before.atMs) {
        setbacks.push(
          `${server} ${id}: ${String(now)} after ${String(before.price)}: ${["cache-status", "x-cache-gateway", "x-cache-app", "age"].map((n) => fields.get(n)).join(" ")}`,
        );
      }
      seen.set(`${server} ${id}`, { price: Math.max(now, before?.price ?? 0), atMs: Date.now() });
    },
    floor: (id) => floors.get(id) ?? 0,
    get products() {
      return [...floors.keys()];
    },
    get acknowledgements() {
      return acknowledgements;
    },
    setbacks,
  };
}

export function priceIn(text: string): number {
  const { price_cents: price } = JSON.parse(text) as { readonly price_cents?: unknown };
  if (typeof price !== "number") throw new TypeError(`an answer without a price: ${text}`);
  return price;
}
