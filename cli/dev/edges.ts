// Owns running the worker locally: N edges in one Miniflare, each on its own direct socket with its own colo cache,
// sharing KV and the Durable Objects.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from "miniflare";
import { bundleWorker, DEFAULT_CONFIG, ROOT } from "./bundle.ts";
import { assertPortFree } from "./ports.ts";
import { keepingSignals } from "./signals.ts";
import { checkSite } from "./site-check.ts";
import { guardSpawned } from "./watchdog.ts";
import { RuntimeLog, startFailure, workerLog } from "./worker-output.ts";
import { type Deployment, readDeployment } from "./wrangler-config.ts";

export interface EdgesOptions {
  /** how many edges */
  readonly count: number;
  /** port of the first edge, the next ones follow; 0: any free ports */
  readonly port: number;
  /** default 127.0.0.1 */
  readonly host?: string | undefined;
  /** the origin in front of which the edges stand; without it the site's configuration says */
  readonly origin?: string | undefined;
  /** site configuration file; default: the checkout's own `strata.config.ts` */
  readonly config?: string | undefined;
  /** the admin token */
  readonly token: string;
  /** further tokens with scopes, as STRATA_TOKENS has them */
  readonly namedTokens?: string | undefined;
  /** directory in which KV, Cache API and Durable Objects outlive `close()`; default: nothing does */
  readonly persist?: string | undefined;
  /** further text bindings, for tests and benchmarks; they win over those of wrangler.toml */
  readonly bindings?: Readonly<Record<string, string>> | undefined;
  /** the worker; default: `main` of wrangler.toml */
  readonly entry?: string | undefined;
  /** whether `inspectorUrl` is there */
  readonly inspect?: boolean | undefined;
  /** where the workers' console and the runtime's errors go, line by line; default: standard error */
  readonly log?: ((line: string) => void) | undefined;
}

export interface Edges {
  /** `http://127.0.0.1:8787`, ... without a trailing slash, in the order of the edges */
  readonly urls: readonly string[];
  /** of the first edge's isolate: a WebSocket that speaks the DevTools protocol */
  readonly inspectorUrl: string | undefined;
  /**
   * Bundles again and starts fresh isolates: memory is empty; KV, Cache API and Durable Objects stay. A bundle or
   * configuration that is bad rejects with every problem, and the old worker stays.
   */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the edges; resolves when every one accepts connections. Rejects with an error whose message is for people. */
export async function startEdges(options: EdgesOptions): Promise<Edges> {
  const host = options.host ?? "127.0.0.1";
  if (options.port !== 0) {
    for (let i = 0; i < options.count; i += 1) await assertPortFree(host, options.port + i, "--port");
  }
  const deployment = await readDeployment();
  const entry = resolve(ROOT, options.entry ?? deployment.entry ?? "src/worker.ts");
  const config = options.config === undefined ? undefined : resolve(options.config);
  const load = async (): Promise<string> => {
    const site = config ?? (options.entry === undefined && existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
    if (site !== undefined) await checkSite(site);
    return bundleWorker(entry, config);
  };

  let generation = 0;
  let running = runtimeOptions(options, host, deployment, await load(), generation);
  const stopGuarding = guardSpawned((file) => /workerd(\.exe)?$/.test(file));
  const miniflare = keepingSignals(() => new Miniflare(running));
  const close = async (): Promise<void> => {
    // A runtime that never started rejects its own disposal with the same failure again.
    await miniflare.dispose().catch(() => undefined);
    stopGuarding();
  };
  try {
    await miniflare.ready;
  } catch (error) {
    await close();
    throw startFailure(error);
  }

  const restartOnce = async (): Promise<void> => {
    generation += 1;
    const next = runtimeOptions(options, host, deployment, await load(), generation);
    try {
      await miniflare.setOptions(next);
      running = next;
    } catch (error) {
      await miniflare.setOptions(running);
      throw startFailure(error);
    }
  };
  let lastRestart: Promise<void> = Promise.resolve();
  return {
    urls: await Promise.all(edgeNames(options.count).map((name) => directUrl(miniflare, name))),
    inspectorUrl: options.inspect ? await inspectorUrl(miniflare) : undefined,
    restart() {
      lastRestart = lastRestart.catch(() => undefined).then(restartOnce);
      return lastRestart;
    },
    close,
  };
}

function edgeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `edge-${i}`);
}

async function directUrl(miniflare: Miniflare, name: string): Promise<string> {
  return (await miniflare.unsafeGetDirectURL(name)).origin;
}

async function inspectorUrl(miniflare: Miniflare): Promise<string> {
  return new URL(`/core:user:${edgeNames(1).join()}`, await miniflare.getInspectorURL()).href;
}

function runtimeOptions(
  options: EdgesOptions,
  host: string,
  deployment: Deployment,
  source: string,
  generation: number,
): MiniflareOptions {
  const [home] = edgeNames(1);
  const write = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const log = new RuntimeLog(write);
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    ...(options.inspect ? { inspectorPort: 0 } : {}),
    log,
    unsafeHandleRuntimeRestart: () => {
      log.restarted();
    },
    handleStructuredLogs: workerLog(write),
    ...(options.persist === undefined ? {} : { resourcePersistencePath: resolve(options.persist) }),
    workers: edgeNames(options.count).map((name, i) => ({
      name,
      modules: edgeModules(name, source),
      compatibilityDate: deployment.compatibilityDate,
      compatibilityFlags: [...deployment.compatibilityFlags],
      unsafeDirectSockets: [{ host, port: options.port === 0 ? 0 : options.port + i }],
      kvNamespaces: { ...deployment.kvNamespaces },
      durableObjects: Object.fromEntries(
        deployment.durableObjects.map(({ binding, className, sqlite }) => [
          binding,
          { className, useSQLite: sqlite, ...(i === 0 ? {} : { scriptName: home }) },
        ]),
      ),
      bindings: {
        ...(deployment.vars as Record<string, string>),
        ...(options.origin === undefined ? {} : { STRATA_ORIGIN: options.origin }),
        STRATA_TOKEN: options.token,
        ...(options.namedTokens === undefined ? {} : { STRATA_TOKENS: options.namedTokens }),
        STRATA_ENV: "development",
        STRATA_COLO: name,
        // Only a changed binding makes the runtime start fresh isolates.
        STRATA_ISOLATE: String(generation),
        ...options.bindings,
      },
    })),
  });
}

/** The worker behind a few lines that put the edge's name before what it writes to the console. */
function edgeModules(name: string, source: string): { type: "ESModule"; path: string; contents: string }[] {
  const entry = 'import "./console.js"; export * from "./worker.js"; export { default } from "./worker.js";';
  const prefix = `for (const level of ["debug", "log", "info", "warn", "error"]) {
  const write = console[level].bind(console);
  console[level] = (first, ...rest) =>
    typeof first === "string" ? write("[${name}] " + first, ...rest) : write("[${name}]", first, ...rest);
}`;
  return [
    { type: "ESModule", path: "edge.js", contents: entry },
    { type: "ESModule", path: "console.js", contents: prefix },
    { type: "ESModule", path: "worker.js", contents: source },
  ];
}
