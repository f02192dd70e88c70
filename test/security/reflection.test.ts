// Owns the proof that what others wrote cannot end a header line, nor speak in this cache's name.
import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { cacheStatus } from "../../src/http/answer/cache-status.ts";
import { invalidatedBy } from "../../src/http/targets/invalidation.ts";
import { requestOf, responseOf } from "../http/support.ts";

describe("Cache-Status of caches nearer to the origin", () => {
  it.each([
    ["a valid list", "inner; hit"],
    ["an unterminated string", 'inner; detail="x'],
    ["a dangling comma", "inner; hit,"],
    ["letters outside ASCII", "inn\u00e9r; hit"],
    ["no list at all", "=;;"],
  ])("RFC 9211 2: %s leaves ours readable", (_, previous) => {
    const members = parseList(cacheStatus({ reason: "fresh", hit: true }, previous));
    expect(String(members.at(-1)?.[0])).toBe("strata");
    expect(members.at(-1)?.[1].get("hit")).toBe(true);
  });
});

describe("URLs that an answer names as invalid", () => {
  it.each(["/a\r\nX-Evil: 1", "/a\nb", "/\u0000", "/a b", "/%0d%0a"])("%j has no line ends", (reference) => {
    const request = requestOf({}, { method: "POST" });
    for (const { path, query } of invalidatedBy(request, responseOf({ location: reference }))) {
      expect(path + query).not.toMatch(/[\0\r\n ]/);
    }
  });
});
