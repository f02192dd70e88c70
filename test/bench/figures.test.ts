// Owns the proof of the benchmark's arithmetic: medians, percentiles, ratios, verdicts, and which figures a run replaces.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Comparison, judged, worstFirst } from "../../bench/harness/judge.ts";
import { merged, type Row } from "../../bench/harness/results.ts";
import { median, percentile, ratios } from "../../bench/harness/statistics.ts";
import { pageOf, readmeWith } from "../../bench/render/page.ts";
import { verdictLines } from "../../bench/render/verdicts.ts";

describe("statistics", () => {
  it.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[10, 9, 1, 2], 5.5],
    [[100, 20, 3], 20],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it.each([
    [[5, 1, 4, 2, 3], 50, 3],
    [[1, 2, 3, 4], 50, 2],
    [Array.from({ length: 100 }, (_, i) => 100 - i), 99, 99],
    [[1, 2], 99, 2],
    [[7], 1, 7],
  ])("of %j the percentile %d is %d", (values, percent, expected) => {
    expect(percentile(values, percent)).toBe(expected);
  });

  it("nothing has no median", () => {
    expect(median([])).toBeNaN();
    expect(percentile([], 50)).toBeNaN();
  });

  it("as many values lie below a median as above it", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it("ratios are made round by round", () => {
    expect(ratios([1, 6], [2, 3])).toEqual([0.5, 2]);
    expect(() => ratios([1], [1, 2])).toThrow(/as many rounds/);
  });
});

const comparison = (more: Partial<Comparison>): Comparison => ({
  what: "a / b",
  unit: "",
  better: "higher",
  rounds: [1],
  ...more,
});

describe("a verdict", () => {
  it.each<readonly [Partial<Comparison>, { median: number; worst: number; met: boolean | undefined; margin: number }]>([
    [
      { budget: 0.8, rounds: [0.9, 0.7, 1] },
      { median: 0.9, worst: 0.7, met: true, margin: 0.125 },
    ],
    [
      { budget: 1, rounds: [0.9, 0.7, 0.8] },
      { median: 0.8, worst: 0.7, met: false, margin: -0.2 },
    ],
    [
      { better: "lower", budget: 1, rounds: [1, 1, 3] },
      { median: 1, worst: 3, met: true, margin: 0 },
    ],
    [
      { better: "lower", budget: 2, rounds: [3, 2.5, 4] },
      { median: 3, worst: 4, met: false, margin: -0.5 },
    ],
  ])("of %j", (more, { margin, ...expected }) => {
    const verdict = judged(comparison(more));
    expect(verdict).toMatchObject(expected);
    expect(verdict.margin).toBeCloseTo(margin);
  });

  it("is none without a budget", () => {
    expect(judged(comparison({}))).toMatchObject({ met: undefined, margin: undefined });
  });

  it("is not met by what is not a number, and that is the worst", () => {
    const broken = judged(comparison({ what: "broken", budget: 1, rounds: [Number.NaN] }));
    expect(broken.met).toBe(false);
    const missed = judged(comparison({ what: "missed", budget: 2 }));
    const met = judged(comparison({ what: "met", budget: 0.5 }));
    const free = judged(comparison({ what: "free" }));
    expect(worstFirst([free, met, missed, broken]).map(({ what }) => what)).toEqual([
      "broken",
      "missed",
      "met",
      "free",
    ]);
  });
});

const row = (title: string, more: Partial<Row> = {}): Row => ({
  title,
  how: `how ${title} is measured`,
  comparisons: [],
  figures: [],
  notes: [],
  raw: [],
  run: {
    command: "npm run bench",
    date: "2026-01-02",
    machine: "a machine",
    loadBefore: 0.1,
    versions: { node: "24" },
  },
  ...more,
});

describe("results", () => {
  it("a run of some rows replaces those alone, and keeps the order of the scenarios", () => {
    const before = { rows: { miss: row("old miss"), memory: row("old memory"), gone: row("gone") } };
    const { rows } = merged(before, { colo: row("new colo"), miss: row("new miss") }, ["memory", "colo", "miss"]);
    expect(Object.entries(rows).map(([name, { title }]) => [name, title])).toEqual([
      ["memory", "old memory"],
      ["colo", "new colo"],
      ["miss", "new miss"],
    ]);
  });
});

describe("the page", () => {
  const rows = {
    good: row("Good", { comparisons: [comparison({ what: "good / peer", budget: 0.5, rounds: [1, 0.9, 2] })] }),
    bad: row("Bad", {
      comparisons: [
        comparison({ what: "bad / peer", budget: 2, rounds: [1, 0.5, 1.5] }),
        comparison({ what: "bad / other", rounds: [3] }),
      ],
      figures: [
        { row: "Strata", column: "rate", unit: "/s", value: 1234.5 },
        { row: "peer", column: "memory", unit: "MB", value: null },
      ],
      notes: ["A note."],
    }),
  };

  it("names the worst row first, with what it misses and its worst round", () => {
    const page = pageOf({ rows });
    expect(page).toContain("**The worst row:** bad / peer: 1 where the budget is ≥ 2: MISSED by 50 %.");
    expect(page.indexOf("| bad / peer | 1 | 0.50 | ≥ 2 | MISSED by 50 % |")).toBeGreaterThan(0);
    expect(page.indexOf("| bad / peer |")).toBeLessThan(page.indexOf("| good / peer | 1 | 0.90 | ≥ 0.50 | met |"));
  });

  it("says how each row was made, and leaves no figure out", () => {
    const page = pageOf({ rows });
    expect(page).toContain("| Strata | 1,235/s |  |\n| peer |  | unknown |");
    expect(page).toContain("| bad / other | 3 | 3 |");
    expect(page).toContain("A note.");
    expect(page).toContain("`npm run bench`, 2026-01-02, a machine, load average 0.1 before the run; node 24.");
  });

  it("gives the README the budgets that were missed and counts the others, in the place of the old table", () => {
    const place = (shown: string): string => {
      return `before\n\n<!-- budgets, made by npm run bench -->${shown}<!-- end of budgets -->\n\nafter\n`;
    };
    const made = readmeWith(place("\n\nold\n\n"), { rows });
    expect(made).not.toContain("old");
    expect(made).toContain("1 of 2 budgets are met.");
    expect(made).toContain("| bad / peer | 1 | 0.50 | ≥ 2 | MISSED by 50 % |");
    expect(made).not.toContain("good / peer");
    expect(readmeWith(place(""), { rows: { good: rows.good } })).toContain("| good / peer | 1 | 0.90 | ≥ 0.50 | met |");
    expect(readmeWith(made, { rows })).toBe(made);
    expect([made.startsWith("before\n\n"), made.endsWith("\n\nafter\n")]).toEqual([true, true]);
    expect(() => readmeWith("nothing", { rows })).toThrow("README.md has no place for the budgets");
  });

  it("can be made of nothing", () => {
    expect(pageOf({ rows: {} })).toContain("Nothing with a budget has been measured yet.");
  });

  it("is printed with the same verdicts", () => {
    expect(verdictLines(rows.bad)).toContain("bad / peer: 1 (worst round 0.50) ≥ 2 MISSED by 50 %");
  });
});
