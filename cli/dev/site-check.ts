// Owns the check of a site configuration before a worker runs it: evaluated in Node, its problems become one error.
import { existsSync } from "node:fs";
import { bundleConfig } from "./bundle.ts";
import { devError, messageOf } from "./error.ts";

/** Throws a ConfigurationError that carries the message of whatever the configuration throws when it is evaluated. */
export async function checkSite(config: string): Promise<void> {
  if (!existsSync(config)) throw devError("UsageError", `--config: no such file: ${config}`);
  const source = await bundleConfig(config);
  try {
    // A data: URL is never cached by path, so a configuration edited since the last check is evaluated anew.
    const module: unknown = await import(
      `data:text/javascript;base64,${Buffer.from(`${source}\n//${uniqueMark()}`).toString("base64")}`
    );
    if (!exportsSite(module)) throw new Error("the default export must be what defineSite({ ... }) returns");
  } catch (error) {
    // A name that only the Workers runtime knows cannot be judged here; the worker's own start will.
    if (error instanceof ReferenceError) return;
    throw devError("ConfigurationError", `${config}: ${messageOf(error)}`, error);
  }
}

/** By the mark that `defineSite` leaves: the bundle has a `defineSite` of its own. */
function exportsSite(module: unknown): boolean {
  const site = (module as { readonly default?: unknown }).default;
  return typeof site === "object" && site !== null && Symbol.for("strata.site") in site;
}

let evaluations = 0;

function uniqueMark(): number {
  evaluations += 1;
  return evaluations;
}
