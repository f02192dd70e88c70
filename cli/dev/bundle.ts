// Owns bundling: the worker's source and one site configuration become a single module, or one readable error.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildFailure, type BuildOptions, type Plugin } from "esbuild";
import { devError } from "./error.ts";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** The configuration that the worker runs if no other is chosen. */
export const DEFAULT_CONFIG = resolve(ROOT, "strata.config.ts");

/** Bundles the worker for workerd. With `config`, the entry's import of `strata.config.ts` gets that file instead. */
export async function bundleWorker(entry: string, config: string | undefined): Promise<string> {
  return bundle(config ?? entry, {
    entryPoints: [entry],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: config === undefined ? [] : [chosenConfig(entry, config)],
  });
}

/** Bundles a site configuration alone, for Node, with the platform's own modules replaced by empty stand-ins. */
export async function bundleConfig(config: string): Promise<string> {
  return bundle(config, { entryPoints: [config], platform: "node", plugins: [platformStandIns] });
}

async function bundle(blamed: string, options: BuildOptions): Promise<string> {
  try {
    const result = await build({
      absWorkingDir: ROOT,
      bundle: true,
      format: "esm",
      target: "es2024",
      write: false,
      logLevel: "silent",
      // A configuration outside the checkout says `import { defineSite } from "strata"`.
      alias: { strata: resolve(ROOT, "src/index.ts") },
      ...options,
    });
    return result.outputFiles?.[0]?.text ?? "";
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const problems = error.errors.map(({ location, text }) =>
      location === null ? `  ${text}` : `  ${location.file}:${location.line}:${location.column + 1}: ${text}`,
    );
    throw devError("BundleError", `cannot bundle ${blamed}:\n${problems.join("\n")}`, error);
  }
}

function chosenConfig(entry: string, config: string): Plugin {
  return {
    name: "chosen-config",
    setup(builder) {
      builder.onResolve({ filter: /(^|\/)strata\.config(\.ts)?$/ }, ({ importer }) =>
        importer === entry ? { path: config } : undefined,
      );
    },
  };
}

const platformStandIns: Plugin = {
  name: "platform-stand-ins",
  setup(builder) {
    builder.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "stand-in" }));
    // CommonJS, because a name missing from it is undefined instead of a build error.
    builder.onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({
      contents: "class Empty {}; module.exports = { DurableObject: Empty, WorkerEntrypoint: Empty, env: {} };",
      loader: "js",
    }));
  },
};

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
