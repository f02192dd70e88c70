// Owns the lines of a file with targets: `KIND VALUE`, blank lines, comments. Every line that is none of them is a problem.
import { type Item, type Kind, KINDS, type Problem, shown } from "./item.ts";

export interface Lines {
  readonly items: readonly Item[];
  readonly problems: readonly Problem[];
}

const LINE_FEED = 0x0a;

/** @param name for people: a file's name, or `standard input` */
export function readTargetLines(bytes: Uint8Array, name: string): Lines {
  const items: Item[] = [];
  const problems: Problem[] = [];
  let number = 0;
  for (const line of linesOf(bytes)) {
    number += 1;
    const place = `${name}:${number}`;
    const read = line === undefined ? "is not UTF-8" : readLine(line.trim());
    if (typeof read === "string") problems.push({ place, detail: read });
    else if (read !== undefined) items.push({ ...read, place });
  }
  return { items, problems };
}

/** Undefined for a line whose bytes are no text. */
function* linesOf(bytes: Uint8Array): Generator<string | undefined> {
  // leaves out the mark that some editors put first
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found === -1 ? bytes.length : found;
    try {
      yield decoder.decode(bytes.subarray(start, end));
    } catch {
      yield undefined;
    }
    start = end + 1;
  }
}

/** Undefined where the line names nothing and need not; a string says what is wrong. */
function readLine(line: string): Pick<Item, "kind" | "value"> | string | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  const [, word = "", value = ""] = /^(\S+)\s*(.*)$/su.exec(line) ?? [];
  if (word === "everything") return "everything is purged by --everything only, never by a line";
  if (!isKind(word)) return `must begin with ${KINDS.slice(0, -1).join(", ")} or ${KINDS.at(-1)} (got ${shown(line)})`;
  return value === "" ? `names no ${word}` : { kind: word, value };
}

function isKind(word: string): word is Kind {
  return KINDS.some((kind) => kind === word);
}
