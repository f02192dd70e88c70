// Owns the proof of who is told to clear: never twice, never who refuses cookies, always who holds something older.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearingFor, epochCookies, withoutEpoch } from "../../../src/http/answer/browser-epoch.ts";
import { readerOf } from "../../../src/http/message/fields.ts";

const EPOCH = 1_763_812_800;
const NOW = "1763812800";
const SOON_MS = (EPOCH + 10) * 1000;
const held = (cookie: string | undefined): readonly string[] => (cookie === undefined ? [] : [cookie]);

describe("a page load after a purge of browsers", () => {
  it.each<[string, string | undefined, [string, string][], unknown]>([
    ["that has obeyed: nothing", NOW, [], undefined],
    ["that has obeyed, with a condition: nothing", NOW, [["if-none-match", '"1"']], undefined],
    ["that obeyed an earlier one: cleared", "1763812799", [], { clears: true, value: NOW }],
    ["told by an isolate ahead of this one: nothing", "1763812801", [], undefined],
    ["that was asked to show that it keeps cookies: cleared", "0", [], { clears: true, value: NOW }],
    ["with a cookie nobody set: cleared", "x", [], { clears: true, value: NOW }],
    ["first, or without cookies: asked to show that it keeps them", undefined, [], { clears: false, value: "0" }],
    [
      "without a cookie, with a copy by tag: cleared",
      undefined,
      [["if-none-match", '"1"']],
      { clears: true, value: NOW },
    ],
    ["without, with a copy by date: cleared", undefined, [["if-modified-since", "x"]], { clears: true, value: NOW }],
  ])("%s", (_, cookie, fields, expected) => {
    expect(clearingFor(EPOCH, held(cookie), readerOf(fields), SOON_MS)).toEqual(expected);
  });

  it.each<[string, readonly string[], boolean | undefined]>([
    ["one from the future, that nobody has set: cleared", ["99999999999"], true],
    ["that of a neighbouring host from the future, beside its own: nothing", ["99999999999", NOW], undefined],
    ["an older one of a neighbouring host, beside its own: nothing", ["0", NOW], undefined],
    ["two older ones: cleared", ["0", "5"], true],
    ["an empty one: cleared", [""], true],
  ])("with %s", (_, cookies, clears) => {
    expect(clearingFor(EPOCH, cookies, readerOf([]), SOON_MS)?.clears).toBe(clears);
  });

  it("happens once: whoever keeps the cookie it is given is cleared at most once, then never again", () => {
    fc.assert(
      fc.property(fc.option(fc.constantFrom<string>("0", "1763812799", "x"), { nil: undefined }), (first) => {
        let cookie = first;
        const cleared = [1, 2, 3, 4].filter(() => {
          const said = clearingFor(EPOCH, held(cookie), readerOf([]), SOON_MS);
          if (said) cookie = said.value;
          return said?.clears === true;
        });
        expect(cleared).toHaveLength(1);
        expect(cookie).toBe(NOW);
      }),
    );
  });
});

describe("the cookie", () => {
  it.each<[string, string | undefined, readonly string[], string | undefined]>([
    ["none", undefined, [], undefined],
    ["others only", "a=1; b=2", [], "a=1; b=2"],
    ["alone", `strata-epoch=${NOW}`, [NOW], undefined],
    ["among others", `a=1; strata-epoch=${NOW}; b=2`, [NOW], "a=1; b=2"],
    ["first of several", `strata-epoch=${NOW}; a=1`, [NOW], "a=1"],
    ["twice: both count, both go", "strata-epoch=1; a=1;strata-epoch=2", ["1", "2"], "a=1"],
    ["after another in a line of its own", "a=1, strata-epoch=2", ["2"], "a=1"],
    ["before another in a line of its own", "strata-epoch=2, a=1,b", ["2"], "a=1,b"],
    ["beside one that is written oddly", "strata-epoch=2; a; =b;;c=d,e", ["2"], "a; =b;;c=d,e"],
    ["one whose name ends like it", "my-strata-epoch=1", [], "my-strata-epoch=1"],
    ["one whose name begins like it", "strata-epochs=1", [], "strata-epochs=1"],
  ])("%s", (_, field, values, others) => {
    expect(epochCookies(field)).toEqual(values);
    expect(withoutEpoch(field)).toBe(others);
  });
});
