// Owns reading an access log file line by line, plain or gzip, in bounded memory. Bytes become characters one to one (latin1).
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { type LogEntry, parseLine } from "./access-log.ts";

export type LogLine =
  | { readonly kind: "entry"; readonly lineNumber: number; readonly entry: LogEntry }
  | { readonly kind: "bad"; readonly lineNumber: number; readonly problem: string };

export interface LogProblem {
  readonly lineNumber: number;
  readonly problem: string;
}

const MAX_LINE_CHARACTERS = 65_536;

/** Empty lines are passed over. Rejects when the file cannot be read or its gzip stream is damaged. */
export async function* readAccessLog(file: string): AsyncGenerator<LogLine> {
  let lineNumber = 0;
  for await (const line of splitLines(await readBytes(file))) {
    lineNumber++;
    if (line === "") continue;
    if (line === undefined) {
      yield { kind: "bad", lineNumber, problem: `longer than ${MAX_LINE_CHARACTERS} characters` };
      continue;
    }
    yield { ...parseLine(line), lineNumber };
  }
}

/** By its magic bytes (RFC 1952 2.3.1), not by its name. */
async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function readBytes(file: string): Promise<AsyncIterable<Buffer>> {
  const gzip = await isGzip(file);
  const source = createReadStream(file);
  if (!gzip) return source;
  const gunzip = createGunzip();
  source.on("error", (cause) => gunzip.destroy(cause));
  gunzip.on("close", () => source.destroy());
  return source.pipe(gunzip);
}

/** Yields undefined in place of a line that is too long to be one. */
async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  let pending = "";
  let tooLong = false;
  for await (const chunk of chunks) {
    const pieces = chunk.toString("latin1").split("\n");
    for (const [index, piece] of pieces.entries()) {
      if (!tooLong) pending += piece;
      if (pending.length > MAX_LINE_CHARACTERS) tooLong = true;
      if (index < pieces.length - 1) {
        yield tooLong ? undefined : withoutReturn(pending);
        pending = "";
        tooLong = false;
      }
    }
  }
  if (tooLong) yield undefined;
  else if (pending !== "") yield withoutReturn(pending);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
