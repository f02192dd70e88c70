// Owns `strata dev` with a stand-in worker and shop, as a process that tests can signal.
import { fileURLToPath } from "node:url";
import { devCommand } from "../../../cli/dev/command.ts";

await devCommand(process.argv.slice(2), {
  entry: fileURLToPath(new URL("./worker.ts", import.meta.url)),
  shopScript: fileURLToPath(new URL("./shop.ts", import.meta.url)),
});
