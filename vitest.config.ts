// Owns which tests run where, and how many files at a time: pure code and programs in Node, platform code in workerd.
import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** `*.full.test.ts` is left out ("quick"), or is all there is ("rest"); test/run.ts says which. */
const selection = process.env["STRATA_TESTS"] ?? "full";

function files(...folders: readonly string[]): { include: string[]; exclude: string[] } {
  return {
    include: folders.map((folder) => `test/${folder}/*${selection === "rest" ? ".full" : ""}.test.ts`),
    exclude: selection === "quick" ? ["**/*.full.test.ts"] : [],
  };
}

/** Time limits here catch what hangs, and measure nothing: machines are slow at times. */
const inNode = (name: string, folders: readonly string[], timeoutMs = 60_000) => ({
  test: { name, ...files(...folders), environment: "node", testTimeout: timeoutMs, hookTimeout: 120_000 },
});

export default defineConfig({
  test: {
    provide: { propertyShare: Number(process.env["STRATA_PROPERTY_SHARE"] ?? 1) },
    // files share processes: starting one takes longer than most files do
    isolate: false,
    // most files wait for processes and timers of their own: one at a time leaves half of two processors idle
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      inNode("core", ["http/**", "policy/**", "security", "bench"]),
      inNode("house", ["house/**"]),
      inNode("cli", ["{cli,conformance}/**"], 120_000),
      inNode("origin", ["origin-mock/**"]),
      inNode("e2e", ["e2e/**"], 120_000),
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
          ...files("{tiers,purge,leases,flow,auth,routes,observe,codings}/**"),
        },
      },
    ],
  },
});
