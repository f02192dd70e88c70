// Owns a whole edge for tests: scripted origin, clock in hand, real memory tier, real replica over a log in memory.
import { zlibCodings } from "../../src/codings/zlib.ts";
import type { DependencyError } from "../../src/error.ts";
import type { Codings } from "../../src/codings/codings.ts";
import type { Edge, Purge } from "../../src/flow/edge.ts";
import type { LeaseKeeper } from "../../src/leases/lease-keeper.ts";
import { edgeBuilder } from "../../src/flow/edge-builder.ts";
import { serve } from "../../src/flow/serve.ts";
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import { timeout } from "../../src/base/deadline.ts";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import type { LogReader } from "../../src/purge/reader/log-reader.ts";
import { purgeReplica, type Replica } from "../../src/purge/reader/replica.ts";
import { exchangeOf } from "../../src/routes/content.ts";
import { invalidations } from "../../src/tiers/invalidations.ts";
import { type MemoryTier, memoryTier } from "../../src/tiers/memory.ts";
import { tierStack } from "../../src/tiers/stack.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { type Clock, testClock } from "./clock.ts";
import { type MemoryLog, memoryLog } from "./log.ts";

export type Origin = (request: Request) => Response | Promise<Response>;

export interface TestEdge {
  readonly edge: Edge;
  readonly clock: Clock;
  readonly log: MemoryLog;
  readonly replica: Replica;
  readonly memory: MemoryTier;
  /** Every request the origin got, in order. */
  readonly asked: Request[];
  readonly reports: DependencyError[];
  /** The coding of every body encoded, in order; of every stream that began to be. */
  readonly encoded: string[];
  /** How often something was left to chance. */
  drawn(): number;
  /** The origin's answers from now on. */
  origin: Origin;
  /** One client request; the response's body is the test's to read. */
  get(url: string, init?: RequestInit): Promise<Response>;
  /** The same, with the body read and background work done. */
  text(url: string, init?: RequestInit): Promise<{ readonly response: Response; readonly text: string }>;
  /** Moves the clock on: stored responses age, waits end. */
  passes(seconds: number): void;
  /** Hears of every purge that the log has. */
  catchesUp(): Promise<void>;
  /** Work that is not over: fetches that others may wait for, and refreshes in the background. */
  underWay(): { readonly fetches: number; readonly refreshes: number };
  /** Waits for all background work, also for what that work starts. Rethrows what failed. */
  idle(): Promise<void>;
}

export interface EdgeOptions {
  /** As it names itself to origins. */
  readonly name?: string;
  readonly site?: SiteInput;
  readonly origin?: Origin;
  readonly lower?: readonly Tier[];
  readonly log?: MemoryLog;
  /** Stands between the replica and the log. */
  readonly reader?: LogReader;
  /** Several edges may have one clock. */
  readonly clock?: Clock;
  readonly memory?: { readonly bytes: number; readonly bodyBytes: number };
  readonly logWaitMs?: number;
  /** How long the edge waits before it asks an origin again whose connection broke; 0 without it. */
  readonly retryMs?: number;
  /** A write to the global tier waits for it first. */
  readonly pause?: () => Promise<void>;
  /** Takes the place of the log where the flow itself purges. */
  readonly purge?: Purge;
  readonly leases?: (hash: string) => LeaseKeeper;
}

export const SHOP = "https://shop.test";

export function testEdge(options: EdgeOptions = {}): TestEdge {
  const clock = options.clock ?? testClock();
  const log = options.log ?? memoryLog();
  const site = defineSite({ origins: { "*": "http://origin.test" }, ...options.site });
  const { bytes, bodyBytes } = options.memory ?? { bytes: 8 * 2 ** 20, bodyBytes: 2 ** 20 };
  const memory = memoryTier({ bytes, bodyBytes, now: clock.now });
  const reports: DependencyError[] = [];
  const report = (error: DependencyError): void => {
    reports.push(error);
  };
  const replica = purgeReplica({ now: clock.now, timeout, random: () => 0, waitMs: options.logWaitMs ?? 20, report });
  const reader: LogReader = options.reader ?? {
    async since(cursor) {
      const sentAtMs = clock.now();
      return { delta: await log.since(cursor), sentAtMs };
    },
  };
  const work: Promise<unknown>[] = [];
  const encoded: string[] = [];
  const codings: Codings = {
    ...zlibCodings,
    encode(body, coding) {
      encoded.push(coding);
      return zlibCodings.encode(body, coding);
    },
    encoder(coding, length) {
      encoded.push(coding);
      return zlibCodings.encoder(coding, length);
    },
  };
  const asked: Request[] = [];
  let drawn = 0;
  const build = edgeBuilder({
    clock: { now: clock.now, timeout: clock.timeout },
    random: () => 0.5,
    bounds: { ...DEFAULT_BOUNDS, retryMs: options.retryMs ?? 0 },
    codings,
    report,
    ids: {
      uuid: () => "request-1",
      hex(bytes) {
        drawn += 1;
        return drawn.toString(16).padStart(2 * bytes, "0");
      },
    },
  });
  const edge = build({
    name: options.name ?? "strata-0123456789abcdef",
    site,
    stack: tierStack(
      memory,
      options.lower ?? [],
      invalidations(),
      bodyBytes,
      options.pause ?? (() => Promise.resolve()),
    ),
    purges: {
      ...replica,
      ensure: (maxLagMs, background) => replica.ensure(reader, maxLagMs, background),
      purge(order) {
        if (options.purge) return options.purge(order);
        const seq = log.purgeTargets(order.targets, order.mode, clock.now());
        replica.apply({ delta: log.delta(replica.cursor()), sentAtMs: clock.now() });
        return Promise.resolve({ kind: "purged", seq, purgedAtMs: clock.now(), replayed: false });
      },
      history: () => Promise.resolve([]),
    },
    fetch: async (request) => {
      asked.push(request);
      return test.origin(request);
    },
    leases: options.leases,
  });
  const test: TestEdge = {
    edge,
    clock,
    log,
    replica,
    memory,
    asked,
    reports,
    encoded,
    origin: options.origin ?? (() => new Response("hello", { headers: { "cache-control": "max-age=60" } })),
    drawn: () => drawn,
    get: (url, init) =>
      serve(
        edge,
        exchangeOf(
          new Request(url.startsWith("/") ? SHOP + url : url, { redirect: "manual", ...init }),
          edge,
          (promise) => {
            work.push(promise);
          },
        ),
      ),
    passes: clock.advance,
    async catchesUp() {
      await edge.purges.ensure(0, (promise) => {
        work.push(promise);
      });
    },
    underWay: () => ({ fetches: edge.collapsing.flights.underWay(), refreshes: edge.collapsing.refreshing.size }),
    async text(url, init) {
      const response = await test.get(url, init);
      const text = await response.text();
      await test.idle();
      return { response, text };
    },
    async idle() {
      // work may start more work
      // oxlint-disable-next-line no-await-in-loop
      while (work.length > 0) await Promise.all(work.splice(0));
    },
  };
  return test;
}

/** Answers each request with the next; the last one goes on answering. */
export function inTurn(...answers: readonly (() => Response | Promise<Response>)[]): Origin {
  let next = 0;
  return () => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    if (!answer) throw new Error("no answer was scripted");
    return answer();
  };
}

export function answer(body: BodyInit | null, headers: HeadersInit = {}, status = 200): Response {
  return new Response(body, { status, headers });
}
