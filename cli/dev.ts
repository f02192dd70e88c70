// Owns nothing but the name: `npm start` is `strata dev`.
import { devCommand } from "./dev/command.ts";

await devCommand(process.argv.slice(2));
