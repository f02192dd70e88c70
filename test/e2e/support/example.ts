// Owns running an example of the documents as it stands there, against another edge.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../../cli/dev/bundle.ts";

/** The first JavaScript of `document` that imports `name`. */
export async function runExample(document: string, name: string, edgeUrl: string, token: string): Promise<void> {
  const text = await readFile(join(ROOT, document), "utf8");
  const code = [...text.matchAll(/```js\n(.*?)```/gs)]
    .map(([, each = ""]) => each)
    .find((each) => each.includes(`from "${name}"`));
  if (code === undefined) throw new Error(`${document} has no example of ${name}`);
  // where its imports are found
  const directory = await mkdtemp(join(ROOT, "node_modules/.strata-example-"));
  try {
    const file = join(directory, "example.mjs");
    await writeFile(file, code.replaceAll("http://127.0.0.1:8787", edgeUrl).replaceAll("dev-token", token));
    await import(pathToFileURL(file).href);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
