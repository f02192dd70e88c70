// Owns gathering what is to be purged: from options, files and standard input. All of it is read before anything is sent.
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { type Item, type Kind, KINDS, type Problem } from "./item.ts";
import { type Lines, readTargetLines } from "./target-lines.ts";

export interface Sources extends Readonly<Partial<Record<Kind, readonly string[]>>> {
  readonly everything?: boolean;
  /** Files with targets, `-` for standard input. */
  readonly from?: readonly string[];
}

/** In the order of the command line's kinds, then of the files; each target once. */
export async function gather(sources: Sources, input: Readable): Promise<Lines> {
  const items: Item[] = sources.everything ? [{ kind: "everything", value: "", place: undefined }] : [];
  const problems: Problem[] = [];
  for (const kind of KINDS) {
    for (const value of sources[kind] ?? []) items.push({ kind, value, place: undefined });
  }
  for (const file of new Set(sources.from)) {
    const lines = await readSource(file, input);
    // not by spreading them into push(): there may be very many
    for (const item of lines.items) items.push(item);
    for (const problem of lines.problems) problems.push(problem);
  }
  if (items.length + problems.length === 0) problems.push({ detail: whyNothing(sources) });
  return { items: distinct(items), problems };
}

async function readSource(file: string, input: Readable): Promise<Lines> {
  const name = file === "-" ? "standard input" : file;
  try {
    return readTargetLines(file === "-" ? await buffer(input) : await readFile(file), name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const detail = code === "ENOENT" ? "no such file" : `cannot be read (${String(code ?? error)})`;
    return { items: [], problems: [{ place: name, detail }] };
  }
}

function whyNothing({ from = [] }: Sources): string {
  if (from.length > 0) return `nothing to purge: no target in ${from.join(", ").replace(/^-$/, "standard input")}`;
  return `nothing to purge: name it by ${KINDS.map((kind) => `--${kind}`).join(", ")}, --everything or --from FILE`;
}

function distinct(items: readonly Item[]): readonly Item[] {
  const seen = new Set<string>();
  return items.filter(({ kind, value }) => {
    const name = `${kind} ${value}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}
