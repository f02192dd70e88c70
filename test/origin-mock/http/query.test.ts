// Proves the reading of ids, list and search parameters, with every fault named.
import fc from "fast-check";
import { expect, test } from "vitest";
import { listCursor, searchCursor } from "../../../origin-mock/catalogue/cursor.ts";
import { parseListQuery, parseProductId, parseSearchQuery, parseSlug } from "../../../origin-mock/http/query.ts";

test.each(["0", "-1", "01", "1.5", "1e3", "", " 1", "abc", "2147483648", "99999999999"])("%j is no id", (text) => {
  expect(parseProductId(text)).toMatchObject({ ok: false, faults: [{ in: "path", at: "id" }] });
});
test.each([
  ["1", 1],
  ["2147483647", 2_147_483_647],
])("%s is an id", (text, value) => {
  expect(parseProductId(text)).toEqual({ ok: true, value });
});

test.each(["", "Bath", "-bath", "a b", "a".repeat(65), "*"])("%j is no slug", (text) => {
  expect(parseSlug(text)).toMatchObject({ ok: false, faults: [{ in: "path", at: "slug" }] });
});
test("a slug", () => {
  expect(parseSlug("home-office")).toEqual({ ok: true, value: "home-office" });
});

test("defaults", () => {
  const value = { category: undefined, limit: 24, position: { by: "page", page: 1 } };
  expect(parseListQuery({})).toEqual({ ok: true, value });
});
test("values, and parameters that mean nothing here", () => {
  const queries = { category: ["bath"], page: ["3"], limit: ["100"], utm_source: ["x", "y"] };
  const value = { category: "bath", limit: 100, position: { by: "page", page: 3 } };
  expect(parseListQuery(queries)).toEqual({ ok: true, value });
});
test("the place after a product instead of a page", () => {
  const value = { category: undefined, limit: 5, position: { by: "after", after: { id: 77 } } };
  expect(parseListQuery({ after: [listCursor({ id: 77 })], limit: ["5"] })).toEqual({ ok: true, value });
});
test.each([
  [{ page: ["0"] }, ["page"]],
  [{ page: ["10001"] }, ["page"]],
  [{ page: [""] }, ["page"]],
  [{ limit: ["101"] }, ["limit"]],
  [{ page: ["1", "2"] }, ["page"]],
  [{ category: ["Bath"] }, ["category"]],
  [{ category: [""] }, ["category"]],
  [{ category: ["a".repeat(65)] }, ["category"]],
  [{ category: ["*"] }, ["category"]],
  [{ after: ["77"] }, ["after"]],
  [{ after: ["1", "2"] }, ["after"]],
  [{ after: [searchCursor({ rank: "0.5", id: 7 })] }, ["after"]],
  [{ after: [listCursor({ id: 5 })], page: ["2"] }, ["after"]],
  [{ after: ["x"], page: ["x"] }, ["page", "after", "after"]],
  [{ page: ["x"], limit: ["x"], category: ["x y"] }, ["page", "limit", "category"]],
])("%j has faults at %j", (queries, places) => {
  const parsed = parseListQuery(queries);
  expect(parsed.ok ? [] : parsed.faults.map(({ at }) => at)).toEqual(places);
});

test.each([
  ["lamp", "lamp"],
  ["  Desk\t\u00A0 LAMP \n", "desk lamp"],
  ["ﬁre", "fire"],
  ["Ｌａｍｐ", "lamp"],
  ["caf\u0065\u0301", "café"],
  ["\u{1F4A1}".repeat(100), "\u{1F4A1}".repeat(100)],
])("%j is the search %j", (text, q) => {
  expect(parseSearchQuery({ q: [text], utm_source: ["x"] })).toEqual({
    ok: true,
    value: { q, limit: 24, after: undefined },
  });
});
test("a search goes on behind its last result", () => {
  const after = { rank: "0.0759909", id: 7 };
  expect(parseSearchQuery({ q: ["lamp"], after: [searchCursor(after)] })).toMatchObject({ ok: true, value: { after } });
});

test.each([
  [{}, ["q"]],
  [{ q: [""] }, ["q"]],
  [{ q: [" \t\u3000"] }, ["q"]],
  [{ q: ["a".repeat(101)] }, ["q"]],
  [{ q: ["a", "b"] }, ["q"]],
  [{ q: ["a\0b"] }, ["q"]],
  [{ q: ["a"], limit: ["0"] }, ["limit"]],
  [{ q: ["a"], after: [listCursor({ id: 7 })] }, ["after"]],
  [{ limit: ["101"] }, ["q", "limit"]],
])("%j is no search: %j", (queries, places) => {
  const parsed = parseSearchQuery(queries);
  expect(parsed.ok ? [] : parsed.faults.map(({ at }) => at)).toEqual(places);
});

test("the one form of a search is a search whose form is itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
      const once = parseSearchQuery({ q: [text] });
      if (once.ok) expect(parseSearchQuery({ q: [` ${once.value.q.toUpperCase().toLowerCase()} `] }).ok).toBe(true);
      if (once.ok) expect(parseSearchQuery({ q: [once.value.q] })).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});
