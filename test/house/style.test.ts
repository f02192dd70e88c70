// Owns the house rules no linter knows: first lines, names of files, what the repository must not say, and which project checks which file.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const PROJECTS = ["tsconfig.json", "tsconfig.node.json", "tsconfig.worker-test.json"];

/** Tracked files, and those that could be. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\0")
  .filter((file) => file !== "" && file !== "package-lock.json");

/** A file that has just been removed has no text, nor has a picture. */
function textOf(file: string): string {
  try {
    const text = readFileSync(join(ROOT, file), "utf8");
    return text.includes("\0") ? "" : text;
  } catch {
    return "";
  }
}

const texts = new Map(files.map((file) => [file, textOf(file)]));
const isSource = (file: string): boolean => /^(src|cli|origin-mock|test|bench)\/.*\.(ts|mjs)$/.test(file);

describe("source files", () => {
  it("open with a line that says what they own", () => {
    const silent = files.filter((file) => {
      const [first, second] = textOf(file).split("\n");
      return (
        isSource(file) && textOf(file) !== "" && !/^\/\/ \S/.test((first?.startsWith("#!") ? second : first) ?? "")
      );
    });
    expect(silent).toEqual([]);
  });

  it("are named for what they own", () => {
    const vague = files.filter((file) => isSource(file) && /(^|[/-])(util|helper|common|manager)s?([./-])/.test(file));
    expect(vague).toEqual([]);
  });

  it("assert a type once at a time", () => {
    const double = files.filter((file) => file.startsWith("src/") && /\bas unknown as\b/.test(textOf(file)));
    expect(double).toEqual([]);
  });

  it("are each checked by a TypeScript project", { timeout: 60_000 }, () => {
    const checked = new Set(
      PROJECTS.flatMap((project) =>
        execFileSync(process.execPath, [TSC, "--project", project, "--listFilesOnly"], { cwd: ROOT, encoding: "utf8" })
          .split("\n")
          .map((file) => relative(ROOT, file).replaceAll("\\", "/")),
      ),
    );
    expect(files.filter((file) => file.endsWith(".ts") && texts.get(file) !== "" && !checked.has(file))).toEqual([]);
  });
});

describe("the repository", () => {
  // put together, so that this file is not a finding
  const FORBIDDEN: readonly (readonly [name: string, pattern: RegExp])[] = [
    ["work that was put off", new RegExp(["\\bTO", "DO\\b|\\bFIX", "ME\\b"].join(""))],
    ["a path of one machine", new RegExp(["(?<![\\w.:/-])/(home|Users|root|work|mnt|tm", "p)/[\\w.-]"].join(""))],
  ];

  it.each(FORBIDDEN)("does not contain %s", (_, pattern) => {
    const found = [...texts].flatMap(([file, text]) =>
      text
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
    );
    expect(found).toEqual([]);
  });
});
