// Owns the SQL of a checkout: locks the rows, compares everything with them, and commits all of it or nothing.
import { type Queryable, statement } from "./port.ts";
import { integers } from "./product-rows.ts";
import { nextVersion, timestamp } from "./products.ts";

/** The schema's own limit for one line. */
export const LARGEST_QUANTITY = 1_000;

export interface OrderLine {
  readonly product_id: number;
  /** 1 to LARGEST_QUANTITY. */
  readonly quantity: number;
  /** The price that the buyer saw. */
  readonly price_cents: number;
}

export type OrderFault =
  | { readonly kind: "missing"; readonly product_id: number }
  | {
      readonly kind: "price_changed";
      readonly product_id: number;
      readonly offered_cents: number;
      readonly price_cents: number;
    }
  | { readonly kind: "out_of_stock"; readonly product_id: number; readonly wanted: number; readonly stock: number };

export type Placement =
  | {
      readonly kind: "placed";
      readonly total_cents: number;
      /** Products whose stock has changed, for the events. */
      readonly products: readonly { readonly id: number; readonly category: string; readonly stock: number }[];
    }
  | { readonly kind: "refused"; readonly faults: readonly OrderFault[] }
  /** An order has this id already: whatever its lines would find now, they were satisfied then. */
  | { readonly kind: "ordered-already" };

interface Locked {
  readonly name: string;
  readonly category: string;
  readonly price_cents: number;
  readonly stock: number;
}

// Locks in the order of ids, so that two orders of the same products wait for each other instead of deadlocking.
const LOCK = statement(
  "order-lock-products",
  `SELECT id, name, category, price_cents, stock FROM products
    WHERE id = ANY ($1::text::integer[]) ORDER BY id FOR UPDATE`,
);
const TAKE = statement(
  "order-take-stock",
  `UPDATE products p SET stock = p.stock - taken.quantity, ${nextVersion("$3")}
    FROM unnest($1::text::integer[], $2::text::integer[]) AS taken (id, quantity) WHERE p.id = taken.id`,
);
const FIND = statement("order-find", "SELECT id FROM orders WHERE id = $1");
const INSERT = statement(
  "order-insert",
  "INSERT INTO orders (id, username, total_cents, placed_at) VALUES ($1, $2, $3, $4::text::timestamptz)",
);
const INSERT_LINES = statement(
  "order-insert-lines",
  `INSERT INTO order_lines (order_id, line, product_id, name, quantity, price_cents)
    SELECT $1, line, product_id, name, quantity, price_cents
    FROM jsonb_to_recordset($2::text::jsonb)
      AS l (line integer, product_id integer, name text, quantity integer, price_cents integer)`,
);

async function lockProducts(tx: Queryable, ids: readonly number[]): Promise<ReadonlyMap<number, Locked>> {
  return new Map(
    (await tx.query(LOCK, [integers(ids)])).map((row) => [
      Number(row["id"]),
      {
        name: String(row["name"]),
        category: String(row["category"]),
        price_cents: Number(row["price_cents"]),
        stock: Number(row["stock"]),
      },
    ]),
  );
}

function demandOf(lines: readonly OrderLine[]): ReadonlyMap<number, number> {
  const demand = new Map<number, number>();
  for (const { product_id, quantity } of lines) demand.set(product_id, (demand.get(product_id) ?? 0) + quantity);
  return demand;
}

function faultsOf(
  lines: readonly OrderLine[],
  demand: ReadonlyMap<number, number>,
  products: ReadonlyMap<number, Locked>,
): readonly OrderFault[] {
  const faults: OrderFault[] = [];
  for (const { product_id, price_cents: offered_cents } of lines) {
    const price_cents = products.get(product_id)?.price_cents ?? offered_cents;
    if (price_cents !== offered_cents) faults.push({ kind: "price_changed", product_id, offered_cents, price_cents });
  }
  for (const [product_id, wanted] of demand) {
    const product = products.get(product_id);
    if (product === undefined) faults.push({ kind: "missing", product_id });
    else if (product.stock < wanted) faults.push({ kind: "out_of_stock", product_id, wanted, stock: product.stock });
  }
  return faults;
}

/**
 * Call it in a transaction. Finds every fault, and changes nothing if there is one. Rejects with UniqueViolation when
 * the order is sound but its id, which the caller chose, is taken.
 */
export async function placeOrder(
  tx: Queryable,
  order: {
    readonly id: string;
    readonly username: string;
    readonly lines: readonly OrderLine[];
    readonly nowMs: number;
  },
): Promise<Placement> {
  const { id, username, lines, nowMs } = order;
  const demand = demandOf(lines);
  const products = await lockProducts(tx, [...demand.keys()]);
  const faults = faultsOf(lines, demand, products);
  if (faults.length > 0) {
    // Checked under the locks: the same order may have been placed while this one waited, and have caused these faults
    // itself.
    const placed = (await tx.query(FIND, [id])).length > 0;
    return placed ? { kind: "ordered-already" } : { kind: "refused", faults };
  }
  const total_cents = lines.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
  await tx.query(INSERT, [id, username, total_cents, timestamp(nowMs)]);
  const named = lines.map((line, index) => ({ ...line, line: index + 1, name: products.get(line.product_id)?.name }));
  await tx.query(INSERT_LINES, [id, JSON.stringify(named)]);
  await tx.query(TAKE, [integers([...demand.keys()]), integers([...demand.values()]), timestamp(nowMs)]);
  const left = [...products].map(([productId, { category, stock }]) => ({
    id: productId,
    category,
    stock: stock - (demand.get(productId) ?? 0),
  }));
  return { kind: "placed", total_cents, products: left };
}
