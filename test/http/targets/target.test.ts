// Owns the proof that a target's name says its kind and keeps its spelling.
import { expect, it } from "vitest";
import { targetHash, targetName } from "../../../src/http/targets/target.ts";

it("names a tag by kind and value", () => {
  expect(targetName({ kind: "tag", value: "product:7" })).toBe("tag:product:7");
});

it.each([
  ["case", "Product", "product"],
  ["a colon", "a:b", "ab"],
  ["white space", "a b", "ab"],
])("tags that differ by %s are different targets", (_, a, b) => {
  expect(targetHash({ kind: "tag", value: a })).not.toBe(targetHash({ kind: "tag", value: b }));
});
