// Owns which tests run where, and how many files at a time: pure code and programs in Node, platform code in workerd.
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** `*.full.test.ts` is left out ("quick"), or is all there is ("rest"); test/run.ts says which. */
const selection = process.env["STRATA_TESTS"] ?? "full";

function files(...folders: readonly string[]): Files {
  return {
    include: folders.map((folder) => `test/${folder}/*${selection === "rest" ? ".full" : ""}.test.ts`),
    exclude: selection === "quick" ? ["**/*.full.test.ts"] : [],
  };
}

interface Files {
  include: string[];
  exclude: string[];
}

/** Time limits here catch what hangs, and measure nothing: machines are slow at times. */
const inNode = (name: string, { include, exclude }: Files, timeoutMs = 60_000, env: Record<string, string> = {}) => ({
  test: { name, include, exclude, env, environment: "node", testTimeout: timeoutMs, hookTimeout: 120_000 },
});

/** A quick run has the tests with a database run against one, the server where there is one; then the rest is the embedded one's. */
const databaseTests = globSync("test/origin-mock/**/*.test.ts").filter(
  (file) => !file.endsWith(".full.test.ts") && readFileSync(file, "utf8").includes("support/databases.ts"),
);
const owesEmbedded = selection === "rest" && (process.env["TEST_DATABASE_URL"] ?? "") !== "";

export default defineConfig({
  test: {
    provide: { propertyShare: Number(process.env["STRATA_PROPERTY_SHARE"] ?? 1) },
    // files share processes: starting one takes longer than most files do
    isolate: false,
    // most files wait for processes and timers of their own: one at a time leaves half of two processors idle
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      inNode("core", files("http/**", "policy/**", "security", "bench")),
      inNode("house", files("house/**")),
      inNode("cli", files("{cli,conformance}/**"), 120_000),
      inNode("origin", files("origin-mock/**"), 60_000, { STRATA_DATABASES: selection === "quick" ? "one" : "both" }),
      ...(owesEmbedded
        ? [inNode("embedded", { include: databaseTests, exclude: [] }, 60_000, { STRATA_DATABASES: "embedded" })]
        : []),
      inNode("e2e", files("e2e/**"), 120_000),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { STRATA_TOKEN: "test-token", STRATA_ORIGIN: "http://origin.test" } },
          }),
        ],
        test: {
          name: "workerd",
          setupFiles: ["test/support/fresh-storage.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...files("{base,tiers,purge,leases,flow,auth,routes,observe,codings}/**"),
        },
      },
    ],
  },
});
