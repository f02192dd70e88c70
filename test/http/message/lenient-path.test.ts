// Owns the proof that no spelling of the edge's own prefix passes for content, and that reading a path costs no more than its length.
import { describe, expect, it } from "vitest";
import { caseFolded, isOwnPath, readingsOf } from "../../../src/http/message/lenient-path.ts";
import { normalisedPath } from "../../../src/http/message/path.ts";
import { OTHER_PATHS, OWN_PATHS } from "../../support/own-paths.ts";

/** As a request comes: its URL is parsed first. */
const asRequested = (path: string): string => normalisedPath(new URL(`http://shop.test${path}`).pathname);

describe("the edge's own prefix", () => {
  it.each(OWN_PATHS)("%s", (path) => {
    expect(isOwnPath(asRequested(path.startsWith("/") ? path : `/${path}`))).toBe(true);
  });

  it.each(OTHER_PATHS)("not %s", (path) => {
    expect(isOwnPath(asRequested(path))).toBe(false);
  });

  it("however deep it is encoded", () => {
    for (let depth = 0; depth < 200; depth++)
      expect(isOwnPath(asRequested(`/%${"25".repeat(depth)}2estrata`))).toBe(true);
  });
});

it.each([
  ["/a/B.css", ["/a/b.css"]],
  ["/%C3%89", ["/é"]],
  ["/a%2525252Fb", ["/a/b"]],
  ["/a;x/b", ["/a;x/b", "/a/b"]],
  ["/a//../b", ["/a//../b", "/a/b", "/b"].map((each) => each.replaceAll("//", "/")).toSpliced(0, 1, "/a/../b")],
  ["/a%2F%2E%2E", ["/a/..", "/"]],
])("%s has the readings %j", (path, readings) => {
  expect(new Set(readingsOf(path))).toEqual(new Set(readings));
});

it.each([
  ["ASCII", "/AdMin", "/admin"],
  ["a letter beyond it", "/É", "/é"],
  ["such a letter, encoded", "/%C3%89", "/é"],
  ["the final sigma", "/ΟΔΟΣ", "/οδος"],
  ["the long s", "/ſ", "/s"],
  ["the Kelvin sign", "/\u212a", "/k"],
  ["the sharp s", "/straße", "/STRASSE"],
])("case: %s", (_, one, other) => {
  expect(caseFolded(one)).toBe(caseFolded(other));
});

it("an encoding that is no text stays, in one case", () => {
  expect(caseFolded("/%FF")).toBe("/%ff");
});

it("a path of the greatest length is read in time linear in it, however deep it is encoded", () => {
  const read = (length: number): number => {
    const startedAt = performance.now();
    for (let i = 0; i < 5; i++) isOwnPath(`/%${"25".repeat(length / 2)}2e`);
    return performance.now() - startedAt;
  };
  read(16_000);
  // reading it again for every level would be 256 times as long, not 16
  expect(read(256_000)).toBeLessThan(100 * Math.max(read(16_000), 1));
});
