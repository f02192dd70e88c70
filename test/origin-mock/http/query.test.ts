// Proves the reading of ids and list parameters, with every fault named.
import { expect, test } from "vitest";
import { parseListQuery, parseProductId } from "../../../origin-mock/http/query.ts";

test.each(["0", "-1", "01", "1.5", "1e3", "", " 1", "abc", "2147483648", "99999999999"])("%j is no id", (text) => {
  expect(parseProductId(text)).toMatchObject({ ok: false, faults: [{ in: "path", at: "id" }] });
});
test.each([
  ["1", 1],
  ["2147483647", 2_147_483_647],
])("%s is an id", (text, value) => {
  expect(parseProductId(text)).toEqual({ ok: true, value });
});

test("defaults", () => {
  expect(parseListQuery({})).toEqual({ ok: true, value: { category: undefined, page: 1, limit: 24 } });
});
test("values, and parameters that mean nothing here", () => {
  const queries = { category: ["bath"], page: ["3"], limit: ["100"], utm_source: ["x", "y"] };
  expect(parseListQuery(queries)).toEqual({ ok: true, value: { category: "bath", page: 3, limit: 100 } });
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
  [{ page: ["x"], limit: ["x"], category: ["x y"] }, ["page", "limit", "category"]],
])("%j has faults at %j", (queries, places) => {
  const parsed = parseListQuery(queries);
  expect(parsed.ok ? [] : parsed.faults.map(({ at }) => at)).toEqual(places);
});
