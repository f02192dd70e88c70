// Owns the proof of the choice of a content coding.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONTENT_CODINGS, selectCoding } from "../../../src/http/select/coding.ts";

describe("selecting br, zstd, gzip or identity", () => {
  it.each<[string, string | undefined, string]>([
    ["RFC 9110 12.5.3: no field, and nothing known of the client", undefined, "identity"],
    ["RFC 9110 12.5.3: an empty field wants none", "", "identity"],
    ["the only one", "gzip", "gzip"],
    ["RFC 9110 8.4.1.3: x-gzip is gzip", "x-gzip", "gzip"],
    ["RFC 9110 8.4.1.3: with a weight of its own", "x-gzip;q=0", "identity"],
    ["RFC 9110 8.4.1: case does not matter", "GZip", "gzip"],
    ["of equals, the site's preference", "gzip, deflate, br, zstd", "br"],
    ["RFC 9110 12.4.2: the higher weight", "br;q=0.5, gzip;q=0.6", "gzip"],
    ["RFC 9110 12.5.3: not acceptable", "br;q=0, gzip", "gzip"],
    ["RFC 9110 12.5.3: * is any that is not named", "*", "br"],
    ["RFC 9110 12.5.3: * at its weight", "gzip;q=0.5, *;q=0.1", "gzip"],
    ["RFC 9110 12.5.3: * does not stand for what is refused", "br;q=0, zstd;q=0, *", "gzip"],
    ["RFC 9110 12.5.3: * refused", "*;q=0", "identity"],
    ["RFC 9110 12.5.3: * refused, but one", "gzip, *;q=0", "gzip"],
    ["RFC 9110 12.5.3: identity preferred", "identity, br;q=0.5", "identity"],
    ["RFC 9110 12.5.3: identity as welcome as others", "identity, br", "br"],
    ["RFC 9110 12.5.3: identity refused, and nothing else known", "identity;q=0", "identity"],
    ["RFC 9110 12.5.3: identity refused, one other", "identity;q=0, gzip;q=0.1", "gzip"],
    ["an unknown coding", "deflate, compress, sdch", "identity"],
    ["a malformed weight does not count", "br;q=yes, gzip;q=0.1", "gzip"],
    ["more zeros than allowed are no less zero", "br;q=0.0000", "identity"],
    ["parameters make it another coding", "br;level=9", "identity"],
    ["garbage", "\u0000;;==,q", "identity"],
    ["a name that contains one", "brotli, gzip2", "identity"],
    ["as Chrome asks", "gzip, deflate, br, zstd", "br"],
    ["as curl asks", "deflate, gzip, br, zstd", "br"],
    ["as Go asks", "gzip", "gzip"],
  ])("%s: %j", (_, field, expected) => {
    expect(selectCoding(field, CONTENT_CODINGS)).toBe(expected);
  });
});

it("only what the site has is selected", () => {
  expect(selectCoding("br, zstd, gzip;q=0.5", ["gzip"])).toBe("gzip");
  expect(selectCoding("br, zstd, gzip", ["zstd", "gzip"])).toBe("zstd");
  expect(selectCoding("br", ["gzip"])).toBe("identity");
});

it("answers one of the closed set, whatever the order, the case and the spacing; selecting again changes nothing", () => {
  const member = fc.tuple(
    fc.constantFrom("br", "zstd", "gzip", "x-gzip", "identity", "*", "deflate", "junk"),
    fc.constantFrom("", ";q=0", ";q=0.3", ";q=0.7", ";q=x"),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 8 }), (members) => {
      const selected = selectCoding(members.map((parts) => parts.join("")).join(","), CONTENT_CODINGS);
      expect(["br", "zstd", "gzip", "identity"]).toContain(selected);
      const other = members
        .map(([name, weight]) => ` ${name.toUpperCase()}\t${weight.replace(";", " ; ")} `)
        .toReversed();
      expect(selectCoding(other.join(",,"), CONTENT_CODINGS)).toBe(selected);
      expect(selectCoding(selected, CONTENT_CODINGS)).toBe(selected);
    }),
  );
});

it("never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (field) => void selectCoding(field, CONTENT_CODINGS)));
});
