// Owns `npm test`, `npm run test:rest` and `npm run test:full`.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runTests } from "./run/run-tests.ts";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

process.exitCode = await runTests(VITEST, process.argv.slice(2));
