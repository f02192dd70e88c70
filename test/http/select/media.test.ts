// Owns the proof of the choice of a media type.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectMedia } from "../../../src/http/select/media.ts";

const IMAGES = ["image/avif", "image/webp"];

describe("selecting image/avif or image/webp", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["RFC 9110 12.5.1: no field", undefined, undefined],
    ["an empty field", "", undefined],
    ["the only one", "image/webp", "image/webp"],
    ["of equals, the site's preference", "image/webp, image/avif", "image/avif"],
    ["RFC 9110 12.4.2: the higher weight", "image/avif;q=0.5, image/webp;q=0.6", "image/webp"],
    ["RFC 9110 12.4.2: not acceptable", "image/avif;q=0, image/webp;q=0.1", "image/webp"],
    ["RFC 9110 8.3.1: case does not matter", "IMAGE/WebP", "image/webp"],
    ["any image proves nothing", "image/*", undefined],
    ["anything proves nothing", "*/*", undefined],
    ["RFC 9110 12.5.1: a parameter makes it another range", "image/avif;profile=x", undefined],
    ["a malformed weight does not count", "image/avif;q=yes, image/webp", "image/webp"],
    ["another type", "text/html", undefined],
    ["a longer name", "image/avif2, ximage/avif", undefined],
    ["Chrome, images", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/avif"],
    ["Safari 15, images", "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", "image/webp"],
    ["Internet Explorer, images", "image/png, image/svg+xml, image/*;q=0.8, */*;q=0.5", undefined],
    ["Firefox, pages", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", undefined],
  ])("%s: %s", (_, field, expected) => {
    expect(selectMedia(field, IMAGES)).toBe(expected);
  });
});

it("answers one of the site's types or none, whatever the order, the case and the spacing", () => {
  const member = fc.tuple(
    fc.constantFrom("image/avif", "image/webp", "image/*", "*/*", "text/html", "junk"),
    fc.constantFrom("", ";q=0", ";q=0.3", ";q=0.7", ";v=1", ";q=x"),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 6 }), (members) => {
      const selected = selectMedia(members.map((parts) => parts.join("")).join(","), IMAGES);
      if (selected !== undefined) expect(IMAGES).toContain(selected);
      const other = members
        .map(([type, weight]) => ` ${type.toUpperCase()}\t${weight.replace(";", " ; ")} `)
        .toReversed();
      expect(selectMedia(other.join(",,"), IMAGES)).toBe(selected);
      expect(selectMedia(selected, IMAGES)).toBe(selected);
    }),
  );
});

it("never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (field) => void selectMedia(field, IMAGES)));
});
