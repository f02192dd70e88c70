// Owns the command `strata`: which subcommands there are. Each is loaded only when it is asked for.
import { Command } from "commander";
import { definePurge } from "./purge/command.ts";

const program = new Command("strata")
  .description("An edge cache for Cloudflare Workers.")
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "strata: ")) })
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2));

program
  .command("dev")
  .description("Run the edge, and a demonstration origin behind it, on this machine (npm start).")
  .argument("[options...]")
  // its options are its own to read
  .helpOption(false)
  .allowUnknownOption()
  .action(async (_: unknown, __: unknown, { args }: Command) => {
    const { devCommand } = await import("./dev/command.ts");
    await devCommand(args);
  });
definePurge(program.command("purge"));

await program.parseAsync();
