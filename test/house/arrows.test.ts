// Owns the proof that every import arrow is alive: each room tries every place, and lint must refuse exactly what the table does not name.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finding, oxlint } from "./oxlint.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ARROW_RULES = new Set(["no-restricted-imports", "no-cycle", "no-restricted-globals", "no-restricted-properties"]);

/** A room, and what it may import: of src/ by path, else by specifier. A trailing slash is a whole room. */
interface Room {
  readonly from: string;
  readonly may: readonly string[];
}

const ROUTES = ["flow/", "base/", "http/", "policy/", "auth/", "error.ts", "valibot"];

/** The rest as the flow sees it. */
const PORTS = ["codings/codings.ts", "leases/lease-keeper.ts", "purge/reader/known-purges.ts", "tiers/tier.ts"];
/** The imports that every room of flow/ may have. */
const FLOW = ["base/", "http/", "policy/", ...PORTS, "error.ts"];
/** The two files at flow's top level that describe what travels. */
const TRAVELS = ["flow/edge.ts", "flow/cache-request.ts"];

const ROOMS: readonly Room[] = [
  { from: "src/base", may: ["base/", "error.ts"] },
  { from: "src/http/message", may: ["http/message/", "structured-headers"] },
  { from: "src/http/select", may: ["http/select/", "http/message/"] },
  { from: "src/http/targets", may: ["http/targets/", "http/message/", "structured-headers"] },
  { from: "src/http/body", may: ["http/body/", "http/message/", "http/select/"] },
  { from: "src/http/law", may: ["http/law/", "http/message/", "http/select/", "http/targets/", "http/body/"] },
  {
    from: "src/http/answer",
    may: ["http/answer/", "http/message/", "http/select/", "http/body/", "http/law/", "structured-headers"],
  },
  { from: "src/policy", may: ["policy/", "base/", "http/", "error.ts", "valibot"] },
  { from: "src/tiers", may: ["tiers/", "base/", "http/", "error.ts", "valibot"] },
  { from: "src/purge/wire", may: ["purge/wire/", "base/", "http/"] },
  { from: "src/purge/log", may: ["purge/log/", "purge/wire/", "base/", "http/", "error.ts", "cloudflare:workers"] },
  { from: "src/purge/reader", may: ["purge/reader/", "purge/wire/", "base/", "http/", "error.ts"] },
  { from: "src/purge/colo", may: ["purge/colo/", "purge/wire/", "purge/reader/", "base/", "http/", "error.ts"] },
  { from: "src/leases", may: ["leases/", "base/", "http/", "cloudflare:workers"] },
  { from: "src/flow", may: ["flow/", ...FLOW] },
  { from: "src/flow/support", may: ["flow/support/", ...FLOW] },
  { from: "src/flow/lookup", may: ["flow/lookup/", "flow/support/", ...TRAVELS, ...FLOW] },
  { from: "src/flow/fill", may: ["flow/fill/", "flow/edge.ts", ...FLOW] },
  { from: "src/flow/answer", may: ["flow/answer/", "flow/support/", "flow/fill/", ...TRAVELS, ...FLOW] },
  {
    from: "src/flow/fetch",
    may: ["flow/fetch/", "flow/support/", "flow/lookup/", "flow/fill/", "flow/answer/", ...TRAVELS, ...FLOW],
  },
  {
    from: "src/flow/collapse",
    may: ["flow/collapse/", "flow/support/", "flow/lookup/", "flow/answer/", "flow/fetch/", ...TRAVELS, ...FLOW],
  },
  { from: "src/codings", may: ["codings/", "base/", "http/", "node:zlib"] },
  { from: "src/auth", may: ["auth/", "base/", "http/", "error.ts", "valibot"] },
  { from: "src/observe", may: ["observe/", "base/", "http/", "error.ts"] },
  { from: "src/routes", may: ["routes/", ...ROUTES] },
  { from: "src/routes/vendors", may: ["routes/", ...ROUTES] },
  { from: "src/a-new-room", may: [] },
];

const srcFiles = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replaceAll("\\", "/"));
const packageJson = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
};
const ELSEWHERE = [
  "strata.config.ts",
  "cli/dev.ts",
  "cli/dev/edges.ts",
  "origin-mock/server.ts",
  "test/support/clock.ts",
];
const SPECIFIERS = [
  ...Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies }),
  "cloudflare:workers",
  "cloudflare:sockets",
  "hono/cache",
  "node:fs",
  "node:crypto",
  "node:zlib",
  "fs",
  "a-new-package",
];

/** Everything a file in `room` could name, with whether it may. */
function attempts({ from, may }: Room): readonly { readonly specifier: string; readonly allowed: boolean }[] {
  const isAllowed = (place: string): boolean =>
    may.some((entry) => (entry.endsWith("/") ? place.startsWith(entry) : place === entry));
  const up = "../".repeat(from.split("/").length);
  const own = `${from.slice("src/".length)}/`;
  return [
    // a room is reached as `./` from itself, and from there only
    ...srcFiles
      .filter((file) => !file.startsWith(own))
      .map((file) => ({ specifier: relativeSpecifier(from, `src/${file}`), allowed: isAllowed(file) })),
    ...ELSEWHERE.map((file) => ({ specifier: up + file, allowed: false })),
    ...SPECIFIERS.map((specifier) => ({ specifier, allowed: isAllowed(specifier) })),
    { specifier: "./neighbour.ts", allowed: true },
    { specifier: "./../flow/serve.ts", allowed: false },
  ];
}

/** The shortest way from a folder to a file. */
function relativeSpecifier(folder: string, file: string): string {
  const from = folder.split("/");
  const to = file.split("/");
  while (from[0] === to[0]) {
    from.shift();
    to.shift();
  }
  return `${from.length === 0 ? "./" : "../".repeat(from.length)}${to.join("/")}`;
}

let folder = "";
let findings: readonly Finding[] = [];

/** One line per import, so that a finding's line tells which. */
const values = (specifiers: readonly string[]): string =>
  specifiers.map((name) => `export * from "${name}";\n`).join("");
const types = (specifiers: readonly string[]): string =>
  specifiers.map((name, index) => `import type { T as T${index} } from "${name}";\n`).join("");

function plant(file: string, content: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), content);
}

const found = (file: string): readonly Finding[] =>
  findings.filter((finding) => finding.file === file && ARROW_RULES.has(finding.rule));
const linesOf = (file: string): readonly number[] =>
  [...new Set(found(file).map(({ line }) => line))].toSorted((a, b) => a - b);

const CLI_MAY = ["../src/index.ts", "../origin-mock/server.ts", "commander", "node:fs", "./dev/run.ts"];
const CLI_MAY_NOT = [
  "../src/http/select/key.ts",
  "../src/worker.ts",
  "../origin-mock/app.ts",
  "../test/run.ts",
  "../bench/run.ts",
];
const SHOP_MAY = [
  "./error.ts",
  "../http/query.ts",
  "../cache/port.ts",
  "../../src/http/message/dates.ts",
  "../../src/http/select/language.ts",
  "hono",
  "pg",
  "redis",
  "valibot",
  "node:fs",
];
const SHOP_MAY_NOT = [
  ...srcFiles
    .filter((file) => !file.startsWith("http/message/") && file !== "http/select/language.ts")
    .map((file) => `../../src/${file}`),
  "../../cli/dev.ts",
  "../../bench/run.ts",
  "../../test/run.ts",
  "../../strata.config.ts",
];
const TOP: readonly { readonly file: string; readonly may: readonly string[]; readonly not: readonly string[] }[] = [
  {
    file: "src/app.ts",
    may: ["hono", "./auth/tokens.ts", "./flow/edge.ts", "./routes/content.ts", "./policy/define.ts", "./error.ts"],
    not: [
      "./index.ts",
      "./tiers/kv.ts",
      "./tiers/tier.ts",
      "./purge/log/log.ts",
      "./observe/log.ts",
      "./http/select/key.ts",
    ],
  },
  { file: "src/error.ts", may: [], not: ["./http/select/key.ts", "hono", "node:fs"] },
  {
    file: "src/index.ts",
    may: ["./policy/define.ts", "./error.ts"],
    not: ["../origin-mock/app.ts", "../cli/dev.ts", "node:fs"],
  },
  {
    file: "src/strata.ts",
    may: ["./app.ts", "./tiers/kv.ts", "./purge/reader/replica.ts", "./flow/fetch/breaker.ts", "hono"],
    not: ["../origin-mock/app.ts", "../cli/dev.ts", "../test/support/clock.ts", "node:fs", "commander"],
  },
  {
    file: "src/worker.ts",
    may: ["./strata.ts", "./tiers/kv.ts", "./purge/log/log.ts", "../strata.config.ts", "cloudflare:workers"],
    not: ["../origin-mock/app.ts", "../cli/dev.ts", "../test/support/clock.ts", "node:fs", "commander"],
  },
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-arrows-"));
  const configuration = readFileSync(join(ROOT, ".oxlintrc.json"), "utf8");
  // arrows need no types
  plant(".oxlintrc.json", configuration.replace('"typeAware": true', '"typeAware": false'));
  for (const room of ROOMS) {
    const specifiers = attempts(room).map(({ specifier }) => specifier);
    plant(`${room.from}/values.ts`, values(specifiers));
    plant(`${room.from}/types.ts`, types(specifiers));
    plant(`${room.from}/inline.ts`, `export type Inline = import("../worker.ts").Env;\n`);
    plant(`${room.from}/dynamic.ts`, `export const late = import("../worker.ts");\n`);
  }
  for (const { file, may, not } of TOP) plant(file, values([...may, ...not]));
  plant("cli/values.ts", values([...CLI_MAY, ...CLI_MAY_NOT]));
  plant("cli/types.ts", types([...CLI_MAY, ...CLI_MAY_NOT]));
  plant("origin-mock/routes/values.ts", values([...SHOP_MAY, ...SHOP_MAY_NOT]));
  plant("origin-mock/routes/types.ts", types([...SHOP_MAY, ...SHOP_MAY_NOT]));
  plant("src/http/left.ts", 'import { right } from "./right.ts";\nexport const left = (): unknown => right;\n');
  plant("src/http/right.ts", 'import { left } from "./left.ts";\nexport const right = (): unknown => left;\n');
  plant("src/http/lower.ts", 'import type { Upper } from "./upper.ts";\nexport type Lower = readonly Upper[];\n');
  plant("src/http/upper.ts", 'import type { Lower } from "./lower.ts";\nexport type Upper = readonly Lower[];\n');
  plant("src/http/tree.ts", 'import { leaf } from "./leaf.ts";\nexport const tree = [leaf];\n');
  plant("src/http/leaf.ts", "export const leaf = 1;\n");
  plant("src/http/clock.ts", "export const now = (): number => Date.now();\nexport const then = new Date(0);\n");
  plant(
    "src/http/input.ts",
    'export const get = (): unknown => fetch("http://origin.test/");\nexport const url = URL;\n',
  );
  plant("src/flow/port.ts", 'export const get = (): unknown => caches.open("colo");\nexport const url = URL;\n');
  plant("src/purge/log/log.ts", "export const now = (): number => Date.now();\n");
  findings = await oxlint(folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("arrows between the rooms of src/", () => {
  it("every room has a row", () => {
    const rooms = new Set(srcFiles.filter((file) => file.includes("/")).map((file) => `src/${dirname(file)}`));
    expect([...rooms].filter((room) => !ROOMS.some(({ from }) => from === room))).toEqual([]);
  });

  const withArrows = ROOMS.filter(({ from }) => from !== "src/routes/vendors" && from !== "src/a-new-room");
  it.each(withArrows)("$from: every arrow is used", ({ from, may }) => {
    const imports = srcFiles
      .filter((file) => `src/${file}`.startsWith(`${from}/`))
      .flatMap((file) =>
        [...readFileSync(join(ROOT, "src", file), "utf8").matchAll(/ from "([^"]+)"/g)].map(([, specifier = ""]) =>
          specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier,
        ),
      );
    // mechanisms, the core, the thrown errors and the ports of flow/ are for every room that may name them
    const shared = from.startsWith("src/flow/") ? FLOW : ["base/", "http/", "error.ts"];
    const others = may.filter((entry) => !shared.includes(entry) && `src/${entry}` !== `${from}/`);
    expect(others.filter((entry) => !imports.some((place) => place.startsWith(entry)))).toEqual([]);
  });

  for (const room of ROOMS) {
    const tried = attempts(room);
    const refused = tried.flatMap(({ allowed }, index) => (allowed ? [] : [index + 1]));

    it.each(["values.ts", "types.ts"])(
      `${room.from}/%s: what the table does not name is refused, nothing else`,
      (name) => {
        const lines = linesOf(`${room.from}/${name}`);
        expect(lines.map((line) => tried[line - 1]?.specifier)).toEqual(
          refused.map((line) => tried[line - 1]?.specifier),
        );
        expect(new Set(found(`${room.from}/${name}`).map(({ rule }) => rule))).toEqual(
          new Set(["no-restricted-imports"]),
        );

        const top = room.from === "src/routes/vendors" ? "routes" : room.from.slice("src/".length);
        const message = room.may.length === 0 ? "arrow: a new room" : `arrow: ${top}/ imports`;
        expect(found(`${room.from}/${name}`).filter(({ says }) => !says.includes(message))).toEqual([]);
      },
    );

    it(`${room.from}: import() is no way around, as a type or as a call`, () => {
      expect(findings.filter(({ file }) => file === `${room.from}/inline.ts`).map(({ rule }) => rule)).toContain(
        "consistent-type-imports",
      );
      const dynamic = room.from === "src/routes/vendors" ? [] : [1];
      expect(linesOf(`${room.from}/dynamic.ts`)).toEqual(dynamic);
    });
  }

  it.each(TOP)("$file", ({ file, may, not }) => {
    expect(linesOf(file)).toEqual(not.map((_, index) => may.length + index + 1));
    expect(new Set(found(file).map(({ rule }) => rule))).toEqual(new Set(["no-restricted-imports"]));
    expect(found(file).every(({ says }) => says.includes("arrow: ") && says.includes(file.slice("src/".length)))).toBe(
      true,
    );
  });
});

describe("arrows outside src/", () => {
  it.each(["values", "types"])(
    "cli/ reaches src/index.ts and origin-mock/server.ts, and nothing behind them (%s)",
    (kind) => {
      expect(linesOf(`cli/${kind}.ts`)).toEqual(CLI_MAY_NOT.map((_, index) => CLI_MAY.length + index + 1));
      expect(found(`cli/${kind}.ts`).every(({ says }) => says.includes("arrow: "))).toBe(true);
    },
  );

  it.each(["values", "types"])(
    "origin-mock/ reaches the pure rooms of http/ that it needs, and nothing else of the cache (%s)",
    (kind) => {
      const file = `origin-mock/routes/${kind}.ts`;
      expect(linesOf(file)).toEqual(SHOP_MAY_NOT.map((_, index) => SHOP_MAY.length + index + 1));
      expect(found(file).every(({ says }) => /arrow: .*origin-mock\/ imports/.test(says))).toBe(true);
    },
  );
});

describe("cycles", () => {
  it.each(["left", "right", "lower", "upper"])("src/http/%s.ts is in one", (name) => {
    expect(found(`src/http/${name}.ts`).map(({ rule }) => rule)).toEqual(["no-cycle"]);
  });

  it.each(["tree", "leaf"])("src/http/%s.ts is in none", (name) => {
    expect(found(`src/http/${name}.ts`)).toEqual([]);
  });
});

describe("globals that the core must not touch", () => {
  it.each([
    ["src/http/clock.ts", "no-restricted-properties", /clock: /],
    ["src/http/input.ts", "no-restricted-globals", /core: /],
    ["src/flow/port.ts", "no-restricted-globals", /port: /],
  ])("%s", (file, rule, says) => {
    expect(found(file)).toEqual([{ rule, file, line: 1, says: expect.stringMatching(says) }]);
  });

  it("the purge log reads its own clock", () => {
    expect(found("src/purge/log/log.ts")).toEqual([]);
  });
});

it("the tree itself has no such import", { timeout: 120_000 }, async () => {
  const broken = (await oxlint(ROOT)).filter(({ rule }) => ARROW_RULES.has(rule));
  expect(broken).toEqual([]);
});
