// Proves that a cursor comes back as it was given, and that nothing else is taken for one.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { listCursor, parseListCursor, parseSearchCursor, searchCursor } from "../../../origin-mock/catalogue/cursor.ts";

const ids = fc.integer({ min: 1, max: 2_147_483_647 });
const ranks = fc.constantFrom("0", "1", "0.6079271", "1e-20", "6.0792713e-05", "9.9");

test("cursors come back as they were given, and pass in a URL as they are", () => {
  fc.assert(
    fc.property(ids, ranks, (id, rank) => {
      expect(parseListCursor(listCursor({ id }))).toEqual({ ok: true, value: { id } });
      expect(parseSearchCursor(searchCursor({ rank, id }))).toEqual({ ok: true, value: { rank, id } });
      expect(encodeURIComponent(searchCursor({ rank, id }))).toBe(searchCursor({ rank, id }));
    }),
  );
});

const encoded = (text: string): string => Buffer.from(text).toString("base64url");
test.each([
  ["nothing", ""],
  ["another list's", searchCursor({ rank: "1", id: 1 })],
  ["another version's", encoded("l2:7")],
  ["zero", encoded("l1:0")],
  ["a second spelling of a number", encoded("l1:07")],
  ["too large a number", encoded("l1:2147483648")],
  ["more than a number", encoded("l1:7 OR 1=1")],
  ["a line more", encoded("l1:7\n")],
  ["padding", `${encoded("l1:7")}=`],
  ["another alphabet", Buffer.from("l1:7~~~").toString("base64")],
  ["bits to spare", `${encoded("l1:7").slice(0, -1)}x`],
  ["very much", "a".repeat(10_000)],
])("%s is no cursor of a list", (_, cursor) => {
  expect(parseListCursor(cursor)).toEqual({
    ok: false,
    faults: [{ in: "query", at: "after", detail: expect.any(String) }],
  });
});

test.each(["s1:9e-99:1", "s1:1e5:1", "s1:NaN:1", "s1:-1:1", "s1:0.5", "s1:0x1:1", `s1:0.${"1".repeat(13)}:1`])(
  "%s is no cursor of a search: a rank the database cannot read would be its error",
  (text) => {
    expect(parseSearchCursor(encoded(text)).ok).toBe(false);
  },
);

test("whatever is taken is the one spelling of something", () => {
  const nearly = fc.oneof(
    fc.string(),
    fc.string().map(encoded),
    ids.map((id) => encoded(`l1:${id}`)),
  );
  fc.assert(
    fc.property(nearly, (cursor) => {
      const parsed = parseListCursor(cursor);
      if (parsed.ok) expect(listCursor(parsed.value)).toBe(cursor);
    }),
  );
});
