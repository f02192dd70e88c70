// Owns the stage of `strata purge`: a scripted origin, real edges in front of it, and the command as the child process it is.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startEdges } from "../../../cli/dev/edges.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../../e2e/support/scripted-origin.ts";

export const TOKEN = "stage-token";
/** May purge tags that begin with `shop-`, once a second. */
export const SLOW_TOKEN = "slow-token";
const PROGRAM = resolve(import.meta.dirname, "../../../cli/strata.ts");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  readonly err: () => string;
  kill(signal: NodeJS.Signals): void;
}

export interface Given {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface Recorded {
  readonly seq: number;
  readonly mode: string;
  readonly asked: readonly string[];
}

export interface Stage {
  readonly origin: ScriptedOrigin;
  readonly urls: readonly [string, string];
  /** Runs `strata purge` against the first edge unless told otherwise. */
  purge(args: readonly string[], given?: Given): Promise<Ended>;
  /** A file with these lines; its path. */
  file(name: string, lines: readonly string[] | Buffer): Promise<string>;
  /** X-Cache of a URL, and of a path on the first edge. */
  state(url: string): Promise<string | null>;
  /** Stored in the first edge, with these tags. */
  fill(path: string, tags?: string): Promise<void>;
  /** The purges that the log has recorded, the newest first. */
  history(): Promise<readonly Recorded[]>;
  /** The number of the latest. */
  latest(): Promise<number>;
  readonly directory: string;
  close(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "strata-purge-"));
  const origin = await startScriptedOrigin();
  const slow = { name: "slow", sha256: sha256(SLOW_TOKEN), tags: ["shop-*"], rate: 1 };
  const edges = await startEdges({
    count: 2,
    port: 0,
    origin: origin.url,
    token: TOKEN,
    bindings: { STRATA_TOKENS: JSON.stringify([slow]) },
    log: () => undefined,
  });
  const [first = "", second = ""] = edges.urls;
  const state = async (url: string): Promise<string | null> => {
    const response = await fetch(URL.canParse(url) ? url : first + url);
    await response.arrayBuffer();
    return response.headers.get("x-cache");
  };
  return {
    origin,
    directory,
    urls: [first, second],
    state,
    purge: (args, given) => run(["purge", "--edge", first, ...args], given).ended,
    async file(name, lines) {
      const path = join(directory, name);
      await writeFile(path, lines instanceof Buffer ? lines : `${lines.join("\n")}\n`);
      return path;
    },
    async fill(path, tags) {
      const fields = { "cache-control": "max-age=600, stale-while-revalidate=600", ...(tags && { "cache-tag": tags }) };
      origin.answer(path, { fields, body: path });
      await state(path);
      if ((await state(path)) !== "HIT") throw new Error(`${path} was not stored`);
    },
    history: () => historyOf(first),
    latest: async () => (await historyOf(first))[0]?.seq ?? 0,
    async close() {
      await edges.close();
      await origin.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function historyOf(url: string): Promise<readonly Recorded[]> {
  const response = await fetch(`${url}/.strata/purges?limit=500`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return ((await response.json()) as { readonly purges: readonly Recorded[] }).purges;
}

/** `strata` with these arguments, as its own process. */
export function run(args: readonly string[], { input = "", env = {}, cwd }: Given = {}): Running {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], STRATA_TOKEN: TOKEN, ...env },
  });
  const chunks = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (chunks.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (chunks.err += text));
  // a command that refuses its arguments does not read its input
  child.stdin.on("error", () => undefined).end(input);
  const ended = new Promise<Ended>((done) => {
    child.once("close", (code) => done({ code, ...chunks }));
  });
  return { ended, err: () => chunks.err, kill: (signal) => void child.kill(signal) };
}

export function lines(count: number, line: (number: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, i) => line(i + 1));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
