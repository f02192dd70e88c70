// Owns a run of the tests with a stand-in in the place of vitest.
import { fileURLToPath } from "node:url";
import { runTests } from "../../run/run-tests.ts";

process.exitCode = await runTests(fileURLToPath(new URL("vitest.mjs", import.meta.url)), ["--project", "core"]);
