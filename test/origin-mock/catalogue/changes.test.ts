// Proves what a product may be changed to, and that every fault is found.
import { expect, test } from "vitest";
import { parseChanges } from "../../../origin-mock/catalogue/changes.ts";

const CATEGORIES = new Set(["bath", "pets"]);

test.each([
  [{ name: "" }, ["/name"]],
  [{ name: "   " }, ["/name"]],
  [{ name: 5 }, ["/name"]],
  [{ name: "a".repeat(201) }, ["/name"]],
  [{ name: "a\0b" }, ["/name"]],
  [{ description: null }, ["/description"]],
  [{ price_cents: -1 }, ["/price_cents"]],
  [{ price_cents: 1.5 }, ["/price_cents"]],
  [{ price_cents: "5" }, ["/price_cents"]],
  [{ price_cents: 2_147_483_648 }, ["/price_cents"]],
  [{ stock: Number.NaN }, ["/stock"]],
  [{ category: "nowhere" }, ["/category"]],
  [{ id: 8 }, ["/id"]],
  [{ "a/b~c": 1 }, ["/a~1b~0c"]],
  [JSON.parse('{"__proto__": 1}'), ["/__proto__"]],
  [{}, [""]],
  [{ locale: "de" }, [""]],
  [{ locale: "DE", name: "N" }, ["/locale"]],
  [{ name: "", price_cents: -1, zz: 1, category: "x" }, ["/name", "/price_cents", "/zz", "/category"]],
])("%j has faults at %j", (body, places) => {
  const parsed = parseChanges(body, CATEGORIES);
  expect(parsed.ok ? [] : parsed.faults.map(({ at }) => at)).toEqual(places);
});

test("good changes come back as they are", () => {
  const body = { name: "N", description: "D", price_cents: 0, stock: 0, category: "pets" };
  expect(parseChanges(body, CATEGORIES)).toEqual({ ok: true, value: { changes: body, locale: "en" } });
  expect(parseChanges({ stock: 3 }, CATEGORIES)).toEqual({
    ok: true,
    value: { changes: { stock: 3 }, locale: "en" },
  });
  const german = { ok: true, value: { changes: { name: "N" }, locale: "de" } };
  expect(parseChanges({ locale: "de", name: "N" }, CATEGORIES)).toEqual(german);
});
