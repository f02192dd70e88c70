// Owns the order a customer sends: the cart as it was shown, line by line. Finds every fault.
import * as v from "valibot";
import { MOST_LINES, MOST_QUANTITY } from "../cart/carts.ts";
import { check, type Checked, isRecord, record, wholeNumber } from "../schema.ts";

const LONGEST_VERSION = 100;

const CART = "must be the version of the cart that is ordered";
const LINES = `must be a list of at most ${MOST_LINES} lines`;

const line = record({
  product_id: wholeNumber(1),
  quantity: wholeNumber(1, MOST_QUANTITY),
  price_cents: wholeNumber(0),
});
const ORDER = {
  cart: v.pipe(v.string(CART), v.minLength(1, CART), v.maxLength(LONGEST_VERSION, CART)),
  lines: v.pipe(v.array(line, LINES), v.maxLength(MOST_LINES, LINES)),
};

/** `cart` is the version of the cart that was shown; no version is ordered twice. */
export interface AgreedOrder {
  readonly cart: string;
  readonly lines: readonly Readonly<v.InferOutput<typeof line>>[];
}

export function parseOrder(body: Readonly<Record<string, unknown>>): Checked<AgreedOrder> {
  const checked = check(ORDER, body);
  const lines: readonly unknown[] = Array.isArray(body["lines"]) ? body["lines"] : [];
  const ids = lines.map((one) => (isRecord(one) ? one["product_id"] : undefined));
  const again = ids.findIndex((id, index) => id !== undefined && ids.indexOf(id) !== index);
  if (again === -1) return checked;
  const repeated = { at: `/lines/${again}/product_id`, detail: "is in an earlier line already" };
  return { ok: false, faults: [...(checked.ok ? [] : checked.faults), repeated] };
}
