// Owns the law of age: clocks that disagree, the way an answer took, and what an Age field says (RFC 9111 4.2.3, 5.1).
import { describe, expect, it } from "vitest";
import { fateOf, type Line } from "../fate.ts";
import { at, type Fields, NOW, storedFrom } from "../support.ts";

const CC = "Cache-Control";
const TITLE = "RFC %s: %s";

describe("clocks that disagree", () => {
  it.for<Line>([
    ["9111 4.2.3", "origin behind: an hour of age", { [CC]: "max-age=3660", Date: at(-3600) }, "fresh", { after: 59 }],
    [
      "9111 4.2.3",
      "origin behind: the age uses up the lifetime",
      { [CC]: "max-age=3660", Date: at(-3600) },
      "ask: stale",
      { after: 60 },
    ],
    ["9111 4.2.3", "origin behind: stale on arrival", { [CC]: "max-age=60", Date: at(-3600) }, "out: expired"],
    [
      "9111 4.2.3",
      "origin behind: the larger of Age and its own",
      { [CC]: "max-age=3660", Date: at(-3600), Age: "30" },
      "fresh",
      { after: 59 },
    ],
    [
      "9111 4.2.3",
      "origin behind: Age larger",
      { [CC]: "max-age=7260", Date: at(-3600), Age: "7200" },
      "ask: stale",
      { after: 60 },
    ],
    [
      "9111 4.2.1",
      "origin behind: Expires counts by its clock",
      { Expires: at(-3540), Date: at(-3600) },
      "out: expired",
    ],
    ["9111 4.2.3", "origin ahead: age starts at zero", { [CC]: "max-age=60", Date: at(3600) }, "fresh", { after: 59 }],
    [
      "9111 4.2.3",
      "origin ahead: and gains nothing",
      { [CC]: "max-age=60", Date: at(3600) },
      "ask: stale",
      { after: 60 },
    ],
    [
      "9111 4.2.1",
      "origin ahead: Expires counts by its clock",
      { Expires: at(3660), Date: at(3600) },
      "fresh",
      { after: 59 },
    ],
    [
      "9111 4.2.1",
      "origin ahead: and gains nothing there",
      { Expires: at(3660), Date: at(3600) },
      "ask: stale",
      { after: 60 },
    ],
    ["9111 4.2.1", "origin ahead: Expires before Date", { Expires: at(3000), Date: at(3600) }, "out: expired"],
    [
      "9111 4.2.3",
      "origin ahead: Age counts all the same",
      { [CC]: "max-age=60", Date: at(3600), Age: "50" },
      "ask: stale",
      { after: 10 },
    ],
    [
      "9111 4.2.3",
      "the way took ten seconds",
      { [CC]: "max-age=60", Date: at(0) },
      "ask: stale",
      { after: 50, shape: { requestedAtMs: NOW - 10_000 } },
    ],
    [
      "9111 4.2.3",
      "our clock went back on the way",
      { [CC]: "max-age=60", Date: at(0) },
      "fresh",
      { after: 59, shape: { requestedAtMs: NOW + 10_000 } },
    ],
    ["9111 4.2", "our clock went back since", { [CC]: "max-age=60", Date: at(0) }, "fresh", { after: -3600 }],
    [
      "9111 4.2.2",
      "origin ahead of its own Last-Modified",
      { "Last-Modified": at(-1000), Date: at(0) },
      "fresh",
      { after: 99 },
    ],
    [
      "9111 4.2.2",
      "Last-Modified after Date leaves nothing to guess",
      { "Last-Modified": at(10), Date: at(0) },
      "out: no-lifetime",
    ],
  ])(TITLE, ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("Age", () => {
  const says = (...ages: readonly string[]): Fields => [
    [CC, "max-age=3600"],
    ["Date", at(0)],
    ["ETag", '"a"'],
    ...ages.map((age) => ["Age", age] as const),
  ];

  it.each<[string, string, Fields, number]>([
    ["5.1", "greater than the lifetime", says("7200"), 7200],
    ["5.1", "equal to it", says("3600"), 3600],
    ["5.1", "a list: the first counts, the larger", says("7200, 0"), 7200],
    ["5.1", "a list: the first counts, the smaller", says("0, 7200"), 0],
    ["5.1", "without white space", says("7200,0"), 7200],
    ["5.1", "two lines: the first counts, the larger", says("7200", "0"), 7200],
    ["5.1", "two lines: the first counts, the smaller", says("0", "7200"), 0],
    ["5.1", "twice the same", says("0, 0"), 0],
    ["5.1", "a negative", says("-7200"), 0],
    ["5.1", "a fraction", says("7200.0"), 0],
    ["5.1", "an exponent", says("72e2"), 0],
    ["5.1", "a parameter", says("7200;foo=bar"), 0],
    ["5.1", "a unit", says("7200s"), 0],
    ["5.1", "text", says("abc"), 0],
    ["5.1", "text before a number in the list", says("abc, 7200"), 0],
    ["5.1", "a number before text in the list", says("7200, abc"), 7200],
    ["5.1", "white space around", says(" 7200\t"), 7200],
    ["5.1", "white space inside", says("72 00"), 0],
    ["9110 5.6.1.2", "an empty member in front", says(", 7200"), 7200],
    ["9110 5.6.1.2", "an empty line in front", says("", "7200"), 7200],
    ["9110 5.6.1.2", "nothing but empty members", says(" , ,"), 0],
    ["1.2.2", "2^31-1", says("2147483647"), 2147483647],
    ["1.2.2", "2^31", says("2147483648"), 2147483647],
    ["1.2.2", "forty digits", says("9".repeat(40)), 2147483647],
    ["1.2.2", "leading zeros", says("0007200"), 7200],
  ])("RFC 9111 %s: %s", (_section, _what, fields, age) => {
    expect(storedFrom(fields).initialAgeSeconds).toBe(age);
    expect(fateOf(fields)).toBe(age < 3600 ? "fresh" : "ask: stale");
  });

  it.each<[string, string, number, string]>([
    ["7200", "nothing else", 0, "out: expired"],
    ["7200", "stale-while-revalidate=60", 0, "ask: stale"],
    ["7200", "stale-while-revalidate=7200", 0, "swr"],
    ["7200", "stale-while-revalidate=7200", 3600, "ask: stale"],
    ["3599", "nothing else", 0, "fresh"],
    ["3599", "nothing else", 1, "ask: stale"],
  ])("RFC 9111 4.2.3: Age %s of a lifetime of 3600, with %s, after %d seconds", (age, window, after, fate) => {
    expect(
      fateOf({ [CC]: `max-age=3600, ${window.replace("nothing else", "")}`, Age: age, Date: at(0) }, { after }),
    ).toBe(fate);
  });
});
