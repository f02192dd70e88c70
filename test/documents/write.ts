// Owns `npm run docs`: writes the pages that are made from tables in code.
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pages } from "./pages.ts";

const DOCS = resolve(import.meta.dirname, "../../docs");

for (const [file, text] of pages()) {
  await writeFile(join(DOCS, file), text);
  process.stdout.write(`wrote docs/${file}\n`);
}
