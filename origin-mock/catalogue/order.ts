// Owns what a customer sends to order: the cart as it was shown, line by line. Finds every fault.
import type { Fault } from "../http/problem.ts";
import { isRecord } from "./product.ts";

export interface AgreedLine {
  readonly product_id: number;
  readonly quantity: number;
  readonly price_cents: number;
}
/** `cart` is the version of the cart that was shown; no version is ordered twice. */
export interface AgreedOrder {
  readonly cart: string;
  readonly lines: readonly AgreedLine[];
}

const LARGEST_INTEGER = 2_147_483_647;
const MOST_LINES = 50;
const MOST_QUANTITY = 99;
const LONGEST_VERSION = 100;

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function lineFaults(value: unknown, at: string): readonly Fault[] {
  if (!isRecord(value)) return [{ in: "body", at, detail: "must be an object" }];
  const bounds = { product_id: [1, LARGEST_INTEGER], quantity: [1, MOST_QUANTITY], price_cents: [0, LARGEST_INTEGER] };
  return Object.entries(bounds).flatMap(([name, [least = 0, most = 0]]): readonly Fault[] =>
    isWhole(value[name], least, most)
      ? []
      : [{ in: "body", at: `${at}/${name}`, detail: `must be a whole number from ${least} to ${most}` }],
  );
}

function parseLine(value: unknown): AgreedLine {
  const { product_id, quantity, price_cents } = isRecord(value) ? value : {};
  return { product_id: Number(product_id), quantity: Number(quantity), price_cents: Number(price_cents) };
}

export function parseOrder(
  body: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly order: AgreedOrder } | { readonly ok: false; readonly faults: readonly Fault[] } {
  const { cart, lines } = body;
  const faults: Fault[] = [];
  if (typeof cart !== "string" || cart === "" || cart.length > LONGEST_VERSION) {
    faults.push({ in: "body", at: "/cart", detail: "must be the version of the cart that is ordered" });
  }
  const list: readonly unknown[] = Array.isArray(lines) ? lines : [];
  if (!Array.isArray(lines) || list.length > MOST_LINES) {
    faults.push({ in: "body", at: "/lines", detail: `must be a list of at most ${MOST_LINES} lines` });
  } else {
    faults.push(...list.flatMap((line, index) => lineFaults(line, `/lines/${index}`)));
  }
  const ids = list.map((line) => (isRecord(line) ? line["product_id"] : undefined));
  const again = ids.findIndex((id, index) => id !== undefined && ids.indexOf(id) !== index);
  if (again !== -1) {
    faults.push({ in: "body", at: `/lines/${again}/product_id`, detail: "is in an earlier line already" });
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, order: { cart: String(cart), lines: list.map(parseLine) } };
}
