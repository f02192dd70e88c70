// Owns running oxlint on a folder and reading what it says.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface Finding {
  readonly rule: string;
  /** Relative to the folder. */
  readonly file: string;
  readonly line: number;
  /** With the configuration's own message where it has one. */
  readonly says: string;
}

interface Report {
  readonly diagnostics: readonly {
    readonly code?: string;
    readonly message: string;
    readonly help?: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

const OXLINT = join(dirname(createRequire(import.meta.url).resolve("oxlint/package.json")), "bin", "oxlint");

/** Lints a folder with the configuration in it. */
export async function oxlint(folder: string): Promise<readonly Finding[]> {
  const { diagnostics } = JSON.parse(await output(folder)) as Report;
  return diagnostics.map(({ code, message, help, filename, labels }) => ({
    rule: /\((?<name>.*)\)/.exec(code ?? "")?.groups?.["name"] ?? code ?? "",
    file: filename,
    line: labels[0]?.span.line ?? 0,
    says: [message, help].join(" "),
  }));
}

function output(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, stdout: string, stderr: string): void => {
      // findings end it with 1
      if (stdout.startsWith("{")) resolve(stdout);
      else reject(new Error(`oxlint gave no report: ${stderr}${stdout}`, { cause: error }));
    };
    execFile(process.execPath, [OXLINT, "--format=json"], { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, done);
  });
}
