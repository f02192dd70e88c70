// Proves the reading of an order, with every fault and its place.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseOrder } from "../../../origin-mock/catalogue/order.ts";

const LINE = { product_id: 7, quantity: 2, price_cents: 1_299 };

test("an order", () => {
  const order = { cart: "v", lines: [LINE, { ...LINE, product_id: 8 }] };
  expect(parseOrder(order)).toEqual({ ok: true, value: order });
  expect(parseOrder({ cart: "v", lines: [] })).toEqual({ ok: true, value: { cart: "v", lines: [] } });
});

test.each<readonly [Record<string, unknown>, readonly string[]]>([
  [{}, ["/cart", "/lines"]],
  [{ cart: "", lines: {} }, ["/cart", "/lines"]],
  [{ cart: "a".repeat(101), lines: [] }, ["/cart"]],
  [{ cart: 7, lines: [null, [], "x"] }, ["/cart", "/lines/0", "/lines/1", "/lines/2"]],
  [{ cart: "v", lines: [{}] }, ["/lines/0/product_id", "/lines/0/quantity", "/lines/0/price_cents"]],
  [{ cart: "v", lines: [{ ...LINE, quantity: 0 }] }, ["/lines/0/quantity"]],
  [{ cart: "v", lines: [{ ...LINE, quantity: 100 }] }, ["/lines/0/quantity"]],
  [{ cart: "v", lines: [{ ...LINE, price_cents: -1 }] }, ["/lines/0/price_cents"]],
  [{ cart: "v", lines: [{ ...LINE, price_cents: "1299" }] }, ["/lines/0/price_cents"]],
  [{ cart: "v", lines: [{ ...LINE, product_id: 2 ** 31 }] }, ["/lines/0/product_id"]],
  [{ cart: "v", lines: [LINE, { ...LINE, quantity: 1 }] }, ["/lines/1/product_id"]],
  [{ cart: "v", lines: Array.from({ length: 51 }, (_, index) => ({ ...LINE, product_id: index + 1 })) }, ["/lines"]],
])("%j has faults at %j", (body, places) => {
  const parsed = parseOrder(body);
  expect(parsed.ok ? [] : parsed.faults.map(({ at }) => at)).toEqual(places);
});

test("whatever is sent, what passes is within bounds", () => {
  const line = fc.record({
    product_id: fc.integer(),
    quantity: fc.oneof(fc.integer(), fc.double()),
    price_cents: fc.anything(),
  });
  const body = fc.record({ cart: fc.string(), lines: fc.array(fc.oneof(line, fc.constant(LINE))) });
  fc.assert(
    fc.property(body, (sent) => {
      const parsed = parseOrder(sent);
      if (!parsed.ok) return;
      expect(parsed.value.lines).toEqual(sent.lines);
      for (const { quantity } of parsed.value.lines) expect(quantity).toBeGreaterThan(0);
    }),
  );
});
