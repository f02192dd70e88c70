// Owns which tests run where: pure code and programs in Node, platform code in workerd.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const inNode = (name: string, include: string[], timeoutMs = 20_000) => ({
  test: { name, include, environment: "node", testTimeout: timeoutMs, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    projects: [
      inNode("core", [
        "test/http/**/*.test.ts",
        "test/policy/**/*.test.ts",
        "test/security/*.test.ts",
        "test/bench/*.test.ts",
      ]),
      inNode("house", ["test/house/**/*.test.ts"]),
      inNode("cli", ["test/{cli,conformance}/**/*.test.ts"], 60_000),
      inNode("origin", ["test/origin-mock/**/*.test.ts"], 30_000),
      inNode("e2e", ["test/e2e/**/*.test.ts"], 120_000),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { STRATA_TOKEN: "test-token", STRATA_ORIGIN: "http://origin.test" } },
          }),
        ],
        test: {
          name: "workerd",
          // a limit for what hangs, not a measure: machines are slow at times
          testTimeout: 30_000,
          hookTimeout: 60_000,
          include: ["test/{base,tiers,purge,leases,flow,auth,routes,observe,codings}/**/*.test.ts"],
        },
      },
    ],
  },
});
