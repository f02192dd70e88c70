// Owns the proof that documents name files that exist.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { REASONS } from "../../src/http/law/reasons.ts";
import { pages } from "../documents/pages.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const documents = ["*.md", "docs/**/*.md", "origin-mock/*.md"].flatMap((pattern) => globSync(pattern, { cwd: ROOT }));

describe("links between documents", () => {
  it.each(documents)("%s", (document) => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const targets = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = ""]) =>
      join(ROOT, dirname(document), target),
    );
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });
});

describe("headings stand between blank lines, and links to them find them", () => {
  const prose = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "```");
  const anchors = (file: string): readonly string[] =>
    [...prose(readFileSync(file, "utf8")).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );

  it.each(documents)("%s", (document) => {
    const text = prose(readFileSync(join(ROOT, document), "utf8"));
    const crowded = text.split("\n\n").filter((block) => /\n#+ |^#+ [^\n]*\n./.test(block));
    expect(crowded).toEqual([]);
    const links = [...text.matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)];
    const lost = links.filter(([, file = "", anchor = ""]) => {
      return !anchors(join(ROOT, file === "" ? document : join(dirname(document), file))).includes(anchor);
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });
});

describe("the table of faults names tests that there are", () => {
  const text = readFileSync(join(ROOT, "docs/faults.md"), "utf8");
  const rows = text.split("\n").filter((line) => /^\| (?!fault|---)/.test(line));

  it.each(rows)("%s", (row) => {
    const [, file = "", title = ""] =
      /\(\.\.\/(test\/e2e\/shop-faults\/[\w-]+(?:\.full)?\.test\.ts)\) `([^`]+)` \|$/.exec(row) ?? [];
    expect(title).not.toBe("");
    expect(readFileSync(join(ROOT, file), "utf8")).toContain(title);
  });
});

describe("pages made from tables in code say what runs (npm run docs)", () => {
  it.each([...pages()])("docs/%s", (file, text) => {
    expect(readFileSync(join(ROOT, "docs", file), "utf8")).toBe(text);
  });
});

describe("the README's line about the public suite", () => {
  it("has the totals of docs/conformance.md", () => {
    const page = readFileSync(join(ROOT, "docs/conformance.md"), "utf8");
    const totals = /^\| all \| (\d+)\/(\d+) \| (\d+)\/(\d+) \|/m.exec(page) ?? [];
    const [, required, ofRequired, optimal, ofOptimal] = totals;
    expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(
      `${required} of ${ofRequired} required and ${optimal} of ${ofOptimal} optimal cases of the public suite pass`,
    );
  });
});

describe("the semantics matrix", () => {
  const text = readFileSync(join(ROOT, "docs/semantics.md"), "utf8");
  const named = [
    ...text.matchAll(
      /`((?:http|flow|tiers|purge|routes|policy|security|e2e)(?:\/[\w-]+)+(?:\.full)?(?:\.test)?\.ts)`/g,
    ),
  ];

  it.each([...new Set(named.map(([, file = ""]) => file))])("%s", (file) => {
    expect(existsSync(join(ROOT, file.endsWith(".test.ts") ? "test" : "src", file))).toBe(true);
  });
});

describe("the tables of SECURITY.md", () => {
  const rows = readFileSync(join(ROOT, "SECURITY.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| (?!kind|---)/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  it.each(rows.map((cells): [string, string, string] => [cells[1] ?? "", cells[4] ?? "", cells[5] ?? ""]))(
    "%s: names codes and tests that there are",
    (_, codes, tests) => {
      const named = [...tests.matchAll(/`([\w/-]+)`/g)].map(([, file = ""]) => file);
      expect(named).not.toEqual([]);
      for (const file of named) expect(existsSync(join(ROOT, "test", `${file}.test.ts`)), file).toBe(true);
      for (const [, code = ""] of codes.matchAll(/`([\w-]+)`/g)) expect(Object.keys(REASONS)).toContain(code);
    },
  );
});
