// Owns starting what is compared: Strata's edge and its peers, each alone in a workerd of its own behind a direct socket.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";
import { guardSpawned } from "../../cli/dev/watchdog.ts";
import { readDeployment } from "../../cli/dev/wrangler-config.ts";
import type { Address } from "../load/connection.ts";
import { openHeap, withV8Flags } from "./heap.ts";
import { workerdPids } from "./process.ts";

export type PeerName = "bare" | "pass-through" | "raw-cache" | "hono-cache";

export interface Target {
  readonly name: string;
  readonly url: string;
  readonly address: Address;
  /** Of its workerd; `undefined` where the system does not tell. */
  readonly pid: number | undefined;
  close(): Promise<void>;
}

export const BENCH_TOKEN = "bench-token";

interface Started {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** `site`: a file in `bench/sites/`; default: the empty site. */
export function startStrata(origin: string, site: "empty" | "no-memory" = "empty"): Promise<Target> {
  return identified("Strata", () => edge(origin, { config: fileInBench(`sites/${site}.ts`) }));
}

export interface Alone extends Target {
  /** Size of the isolate's heap after a collection. */
  heapBytes(): Promise<number>;
}

/**
 * Strata's worker over an empty Cache API and an origin inside: the isolate's memory and nothing else. V8 may take as much as the
 * platform allows an isolate, and ends the process where that is not enough.
 */
export async function startStrataAlone(): Promise<Alone> {
  let inspectorUrl: string | undefined;
  const target = await identified("Strata", () =>
    withV8Flags("--expose-gc --max-heap-size=128", async () => {
      const edges = await edge("http://127.0.0.1", { entry: fileInBench("peers/strata-alone.ts"), inspect: true });
      inspectorUrl = edges.inspectorUrl;
      return edges;
    }),
  );
  const heap = await openHeap(inspectorUrl ?? "");
  return {
    ...target,
    async heapBytes() {
      const answer = await (await fetch(`${target.url}/.collect`)).text();
      if (answer !== "collected") throw new Error(`the isolate did not collect: ${answer}`);
      return heap.bytes();
    },
    close() {
      heap.close();
      return target.close();
    },
  };
}

/** Strata's edge with the rules and the log of the rows of purges: all that it stores is in its memory, and its origin inside. */
export function startStrataForPurges(): Promise<Target> {
  return identified("Strata", () => edge("http://127.0.0.1", { entry: fileInBench("peers/strata-purge.ts") }));
}

async function edge(
  origin: string,
  chosen: { readonly config: string } | { readonly entry: string; readonly inspect?: true },
): Promise<Started & Pick<Edges, "inspectorUrl">> {
  const { urls, inspectorUrl, close } = await startEdges({
    count: 1,
    port: 0,
    origin,
    token: BENCH_TOKEN,
    ...chosen,
  });
  return { url: urls[0] ?? "", inspectorUrl, close };
}

export function fileInBench(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

const TITLES = {
  bare: "bare worker",
  "pass-through": "pass-through worker",
  "raw-cache": "raw Cache API worker",
  "hono-cache": "hono/cache",
} as const satisfies Record<PeerName, string>;

export function startPeer(name: PeerName, bindings: Readonly<Record<string, string>>): Promise<Target> {
  return identified(TITLES[name], async () => {
    const { compatibilityDate } = await readDeployment();
    const stopGuarding = guardSpawned((file) => file.endsWith("/workerd"));
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        port: 0,
        cf: false,
        telemetry: { enabled: false },
        workers: [
          {
            name: "peer",
            modules: [{ type: "ESModule", path: "peer.js", contents: await bundled(name) }],
            compatibilityDate,
            unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
            bindings: { ...bindings },
          },
        ],
      }),
    );
    const { origin } = await miniflare.unsafeGetDirectURL("peer");
    return { url: origin, close: () => miniflare.dispose().finally(stopGuarding) };
  });
}

async function bundled(name: PeerName): Promise<string> {
  const entry = fileInBench(`peers/${name}.ts`);
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** One after the other: the process that is new is the one just started. */
async function identified(name: string, start: () => Promise<Started>): Promise<Target> {
  const before = new Set(await workerdPids());
  const { url, close } = await start();
  const { hostname, port } = new URL(url);
  const pid = (await workerdPids()).find((each) => !before.has(each));
  return { name, url, address: { host: hostname, port: Number(port) }, pid, close };
}
