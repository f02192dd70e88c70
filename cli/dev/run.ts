// Owns `npm start` without its terminal: Redis, the demonstration shop and the edges started together, ready together,
// stopped together.
import { setTimeout as pause } from "node:timers/promises";
import { startEdges } from "./edges.ts";
import { devError, messageOf } from "./error.ts";
import { assertPortFree, freePort } from "./ports.ts";
import { startRedis } from "./redis.ts";
import { startShopProcess } from "./shop.ts";

const READY_DEADLINE_MS = 30_000;

export interface DevOptions {
  /** port of the first edge, the next ones follow; 0: any free ports */
  readonly port: number;
  /** port of the demonstration origin; 0: any free port */
  readonly originPort: number;
  readonly edges: number;
  readonly token: string;
  /** as STRATA_TOKENS has them */
  readonly namedTokens?: string | undefined;
  /** another origin to front; the demonstration shop and Redis are then not started */
  readonly origin?: string | undefined;
  readonly config?: string | undefined;
  /** an own Redis server for the shop */
  readonly redisUrl?: string | undefined;
  /** an own Postgres for the shop */
  readonly databaseUrl?: string | undefined;
  /** output of edges and shop, line by line; default: standard error */
  readonly log?: ((line: string) => void) | undefined;
  /** the worker's and the shop's scripts; tests bring stand-ins */
  readonly entry?: string | undefined;
  readonly shopScript?: string | undefined;
}

export interface Dev {
  readonly edgeUrls: readonly string[];
  readonly originUrl: string;
  /** resolves when a part ends by itself; nothing works from then on, call `close()` */
  readonly died: Promise<Error>;
  /** fresh isolates: memory is empty; colo caches, KV and purge log stay; rejects and keeps the old on a bad configuration */
  restart(): Promise<void>;
  close(): Promise<void>;
}

type Stop = () => Promise<void>;

/** Resolves when every edge and the origin have answered a real request. */
export async function startDev(options: DevOptions): Promise<Dev> {
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const stopsOfDemo: Stop[] = [];
  let stopEdges: Stop = async () => undefined;
  const attempt = (stop: Stop): Promise<void> => stop().catch((error: unknown) => log(messageOf(error)));
  const closeAll = async (): Promise<void> => {
    // At once: a Ctrl-C has reached the Workers runtime too, and Miniflare must not take that for a crash.
    const edgesStopped = attempt(stopEdges);
    // The shop writes to Redis until it ends, so the last started is the first stopped.
    for (const stop of stopsOfDemo.splice(0).toReversed()) await attempt(stop);
    await edgesStopped;
  };
  try {
    const originPort = options.originPort === 0 ? await freePort("127.0.0.1") : options.originPort;
    if (options.origin === undefined) await assertPortFree("127.0.0.1", originPort, "--origin-port");
    const originUrl = options.origin ?? `http://127.0.0.1:${originPort}`;
    const edgesUp = startEdges({
      count: options.edges,
      port: options.port,
      origin: originUrl,
      config: options.config,
      token: options.token,
      namedTokens: options.namedTokens,
      entry: options.entry,
      log,
    });
    stopEdges = () =>
      edgesUp.then(
        (edges) => edges.close(),
        () => undefined,
      );
    const [edges, died] = await bothOrNeither(edgesUp, async (signal) => {
      if (options.origin !== undefined) return [];
      // A known port lets the shop start beside the edges.
      const edgeUrl = options.port === 0 ? (await edgesUp).urls[0] : `http://127.0.0.1:${options.port}`;
      return startDemo(options, edgeUrl ?? "", originPort, log, stopsOfDemo, signal);
    });
    const ready = Promise.all([
      ...edges.urls.map((url) => answers(`${url}/.strata/health`, (status) => status === 200)),
      answers(originUrl, () => true),
    ]);
    await Promise.race([ready, ...died.map((end) => end.then((error) => Promise.reject(error)))]);
    return { edgeUrls: edges.urls, originUrl, died: Promise.race(died), restart: edges.restart, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Waits for both; when the first fails the second is told to give up, and what it started can then be stopped. */
async function bothOrNeither<A, B>(first: Promise<A>, second: (signal: AbortSignal) => Promise<B>): Promise<[A, B]> {
  const giveUp = new AbortController();
  first.catch((error: unknown) => giveUp.abort(error));
  const [a, b] = await Promise.allSettled([first, second(giveUp.signal)]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}

async function startDemo(
  options: DevOptions,
  edgeUrl: string,
  port: number,
  log: (line: string) => void,
  stops: Stop[],
  signal: AbortSignal,
): Promise<Promise<Error>[]> {
  const redis = await startRedis(options.redisUrl);
  stops.push(redis.close);
  const shop = await startShopProcess({
    port,
    redisUrl: redis.url,
    databaseUrl: options.databaseUrl,
    edgeUrl,
    token: options.token,
    log,
    signal,
    script: options.shopScript,
  });
  stops.push(shop.close);
  return [redis.died, shop.died];
}

async function answers(url: string, isGood: (status: number) => boolean): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const problem = await probe(url, isGood);
    if (problem === undefined) return;
    if (Date.now() > deadline) throw devError("NotReadyError", `${url} is not ready: ${problem}`);
    await pause(50);
  }
}

/** One request; returns what is wrong with the answer. */
async function probe(url: string, isGood: (status: number) => boolean): Promise<string | undefined> {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return isGood(response.status) ? undefined : `it answered ${response.status}`;
  } catch (error) {
    const { cause } = error as Error;
    return messageOf(cause ?? error);
  }
}
