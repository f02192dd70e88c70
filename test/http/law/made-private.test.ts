// Owns the proof that an answer to one session tells every cache below so.
import { expect, it } from "vitest";
import { withPrivate } from "../../../src/http/law/made-private.ts";

it.each([
  ["nothing said", [], [["Cache-Control", "private"]]],
  ["public", [["Cache-Control", "public, max-age=60"]], [["Cache-Control", "max-age=60, private"]]],
  ["s-maxage", [["cache-control", "s-maxage=60, max-age=5"]], [["Cache-Control", "max-age=5, private"]]],
  [
    "a qualified private",
    [["Cache-Control", 'private="set-cookie, x", no-cache']],
    [["Cache-Control", "no-cache, private"]],
  ],
  ["no-store", [["Cache-Control", "no-store"]], [["Cache-Control", "no-store, private"]]],
  [
    "a field for the next CDN",
    [
      ["CDN-Cache-Control", "max-age=60"],
      ["ETag", '"a"'],
    ],
    [
      ["ETag", '"a"'],
      ["Cache-Control", "private"],
    ],
  ],
] as const)("%s", (_, headers, expected) => {
  expect(withPrivate(headers)).toEqual(expected);
});
