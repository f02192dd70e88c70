// Owns one run of the suite: its server, one edge in front of it, its client; all of it has ended when the run is over.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../cli/dev/child.ts";
import { startEdges } from "../../cli/dev/edges.ts";
import { type Case, PACKAGE } from "./edition.ts";
import { type Results, resultsInOutput } from "./results.ts";

const LISTEN_LOCALLY = fileURLToPath(new URL("./listen-locally.ts", import.meta.url));
const START_TIMEOUT_MS = 20_000;
/** A run takes half a minute, most of it pauses; a client that hangs must not take the caller with it. */
const CLIENT_TIMEOUT_MS = 240_000;

/** The outcomes of one run; rejects where it could not be completed, or when `signal` aborts it. */
export async function runSuite(cases: readonly Case[], signal: AbortSignal): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), "strata-conformance-"));
  const server = startServer(join(folder, "server.pid"));
  try {
    const origin = await addressOf(server, signal);
    // The edge reports every connection that the server closes on purpose: nothing here is news.
    const edges = await startEdges({ count: 1, port: 0, origin, token: "conformance-token", log: () => undefined });
    try {
      const results = resultsInOutput(await clientOutput(edges.urls[0] ?? "", signal));
      const missing = cases.filter(({ id }) => !results.has(id)).map(({ id }) => id);
      if (missing.length > 0) throw new Error(`the suite's client left out ${missing.join(", ")}`);
      return results;
    } finally {
      await edges.close();
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function startServer(pidFile: string): Child {
  return startChild({
    name: "the suite's server",
    command: process.execPath,
    args: ["--import", LISTEN_LOCALLY, join(PACKAGE, "server", "server.mjs")],
    env: { ...process.env, npm_config_protocol: "http", npm_config_port: "0", npm_config_pidfile: pidFile },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The URL the server says it listens on, without a trailing slash. Its later output is read and dropped. */
async function addressOf({ process: server, died }: Child, signal: AbortSignal): Promise<string> {
  if (server.stdout === null) throw new Error("the suite's server has no output");
  const lines = createInterface({ input: server.stdout });
  const announced = new Promise<string>((resolve) => {
    lines.on("line", (line) => {
      const [, url] = /^Listening on (\S+?)\/?$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const given = [died.then((error) => Promise.reject(error)), aborted(signal, START_TIMEOUT_MS, "the suite's server")];
  return Promise.race([announced, ...given]);
}

/** Everything the client writes. Without an id it runs every case. */
async function clientOutput(edgeUrl: string, signal: AbortSignal): Promise<string> {
  const client = startChild({
    name: "the suite's client",
    command: process.execPath,
    args: ["--no-warnings", join(PACKAGE, "cli.mjs")],
    env: { ...process.env, npm_config_base: edgeUrl, npm_config_id: "", npm_package_config_id: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  client.process.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  try {
    await Promise.race([once(client.process, "close"), aborted(signal, CLIENT_TIMEOUT_MS, "the suite's client")]);
    return output;
  } finally {
    await client.stop();
  }
}

/** Rejects when `signal` aborts, or when `who` has taken too long. */
async function aborted(signal: AbortSignal, limitMs: number, who: string): Promise<never> {
  const limit = AbortSignal.timeout(limitMs);
  const either = AbortSignal.any([signal, limit]);
  if (!either.aborted) await once(either, "abort");
  throw new Error(signal.aborted ? "interrupted" : `${who} took longer than ${limitMs / 1000} s`);
}
