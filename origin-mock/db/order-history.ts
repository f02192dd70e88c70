// Owns the SQL of past orders.
import { type Queryable, statement } from "./port.ts";

export interface PastOrder {
  readonly id: string;
  readonly total_cents: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly placed_at: string;
  readonly lines: readonly PastLine[];
}
/** Name and price as they were. */
export interface PastLine {
  readonly product_id: number;
  readonly name: string;
  readonly quantity: number;
  readonly price_cents: number;
}

const MOST_ORDERS = 100;

// One row per line; an order has at least one.
const LIST = statement(
  "order-history",
  `SELECT o.id, o.total_cents::double precision AS total_cents,
      to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS placed_at,
      l.product_id, l.name, l.quantity, l.price_cents
    FROM (SELECT * FROM orders WHERE username = $1 ORDER BY placed_at DESC, id LIMIT $2) o
    JOIN order_lines l ON l.order_id = o.id ORDER BY o.placed_at DESC, o.id, l.line`,
);

/** The latest first, at most a hundred. */
export async function listOrders(db: Queryable, username: string): Promise<readonly PastOrder[]> {
  const orders = new Map<string, PastOrder & { readonly lines: PastLine[] }>();
  for (const row of await db.query(LIST, [username, MOST_ORDERS])) {
    const id = String(row["id"]);
    const order = orders.get(id) ?? {
      id,
      total_cents: Number(row["total_cents"]),
      placed_at: String(row["placed_at"]),
      lines: [],
    };
    orders.set(id, order);
    order.lines.push({
      product_id: Number(row["product_id"]),
      name: String(row["name"]),
      quantity: Number(row["quantity"]),
      price_cents: Number(row["price_cents"]),
    });
  }
  return [...orders.values()];
}
