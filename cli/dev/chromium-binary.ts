// Owns where Chromium is, for what needs a real browser. Nothing is installed.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Undefined where there is none. */
export function findChromium(): string | undefined {
  return ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)]
    .map((directory) => join(directory, "chromium"))
    .find((file) => existsSync(file));
}
