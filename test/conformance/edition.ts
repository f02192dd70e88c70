// Owns the contents of the public suite: its cases by suite, each with its kind and its dependencies.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The package's own folder. */
export const PACKAGE = dirname(createRequire(import.meta.url).resolve("http-cache-tests/package.json"));

/** A `required` case is a demand, an `optimal` one a wish, a `check` a question that has no right answer. */
export const KINDS = ["required", "optimal", "check"] as const;

export type Kind = (typeof KINDS)[number];

export interface Case {
  readonly id: string;
  readonly kind: Kind;
  /** Cases without whose success this one proves nothing. */
  readonly dependsOn: readonly string[];
}

export interface Suite {
  readonly id: string;
  readonly name: string;
  readonly cases: readonly Case[];
}

export interface Edition {
  readonly version: string;
  readonly suites: readonly Suite[];
}

/** The parts of the package's own modules that we read; they come without types. */
interface Definition {
  readonly id: string;
  readonly name: string;
  readonly tests: readonly {
    readonly id: string;
    readonly kind?: Kind;
    readonly depends_on?: readonly string[];
    readonly browser_only?: boolean;
  }[];
}

/** The cases its command line client runs: all but those for browsers, Surrogate-Control last. */
export async function loadEdition(): Promise<Edition> {
  const manifest = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { readonly version: string };
  const common = await defaultExport<readonly Definition[]>("tests/index.mjs");
  const surrogate = await defaultExport<Definition>("tests/surrogate-control.mjs");
  return { version: manifest.version, suites: [...common, surrogate].map(suiteOf) };
}

/** The default export of one of the package's modules. */
export async function defaultExport<T>(path: string): Promise<T> {
  const module = (await import(pathToFileURL(join(PACKAGE, path)).href)) as { readonly default: T };
  return module.default;
}

/** Every case, in the order of the suites. */
export function casesOf({ suites }: Pick<Edition, "suites">): readonly Case[] {
  return suites.flatMap(({ cases }) => cases);
}

function suiteOf({ id, name, tests }: Definition): Suite {
  const cases = tests
    .filter((test) => test.browser_only !== true)
    .map((test) => ({ id: test.id, kind: test.kind ?? "required", dependsOn: test.depends_on ?? [] }));
  return { id, name, cases };
}
