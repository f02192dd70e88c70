// Owns the private data that no cache may store: payment methods and past orders.
import { Hono } from "hono";
import { listOrders } from "../db/order-history.ts";
import type { Queryable } from "../db/port.ts";
import { listPaymentMethods } from "../db/users.ts";
import { POLICY } from "../http/policy.ts";
import { signedIn, type SignedInEnv } from "./guard.ts";

export function meRoutes({ db }: { readonly db: Queryable }): Hono<SignedInEnv> {
  const routes = new Hono<SignedInEnv>();

  routes.get("/payment-methods", signedIn, async (c) =>
    c.json({ payment_methods: await listPaymentMethods(db, c.var.username) }, 200, POLICY.confidential),
  );

  routes.get("/orders", signedIn, async (c) =>
    c.json({ orders: await listOrders(db, c.var.username) }, 200, POLICY.confidential),
  );
  return routes;
}
