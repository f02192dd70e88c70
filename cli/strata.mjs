#!/usr/bin/env node
// Owns the name `strata` in a shell: sets up what is missing, then runs the command under the project's own Node.
import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("./strata.ts", import.meta.url)));
await import("./setup.mjs");
