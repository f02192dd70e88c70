// Owns the proof of the fence: once a purge is visible on an edge, nothing whose fetch began before it is served as fresh there.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { PurgeMode } from "../../src/http/purge-order.ts";
import type { Target } from "../../src/http/target.ts";
import type { LogReader } from "../../src/purge/reader.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { type Barrier, barrier, turns } from "../support/barrier.ts";
import { type Clock, testClock } from "../support/clock.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { lateNamespace } from "../support/late-tier.ts";
import { type MemoryLog, memoryLog } from "../support/log.ts";
import { rangedOrigin } from "../support/ranged.ts";
import { type MapTier, mapTier } from "../support/shelf-tier.ts";

const PATHS = ["/a", "/b"];
/** The colo of each edge: the first two are isolates of one. */
const COLOS = [0, 0, 1, 2];
const MAX_LAG_SECONDS = 1;

const TARGETS: Readonly<Record<string, (path: string) => Target>> = {
  tag: (path) => ({ kind: "tag", value: `t${path}` }),
  group: (path) => ({ kind: "group", value: `https://shop.test g${path}` }),
  url: (path) => ({ kind: "url", value: `https://shop.test${path}` }),
  path: (path) => ({ kind: "path", value: path }),
  prefix: (path) => ({ kind: "prefix", value: `shop.test${path}` }),
  host: () => ({ kind: "host", value: "shop.test" }),
  everything: () => ({ kind: "everything", value: "" }),
};

const path = fc.constantFrom(...PATHS);
const edge = fc.nat(COLOS.length - 1);
const stepWith = (targets: readonly string[]) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("ask" as const),
        edge,
        path,
        manner: fc.constantFrom("plain", "plain", "head", "range", "rest", "no-cache"),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("answer" as const),
        which: fc.nat(5),
        how: fc.constantFrom("lasting", "brief", "brief", "silent-tag"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("purge" as const),
        // on an edge, or by somebody elsewhere
        edge: fc.option(edge, { nil: undefined }),
        path,
        target: fc.constantFrom(...targets),
        mode: fc.constantFrom<PurgeMode>("hard", "soft"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(0.4, 1.1, 3, 61) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("hold" as const), colo: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), colo: fc.nat(2) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("lag" as const), colo: fc.nat(2), seconds: fc.constantFrom(0, 60) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), edge }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("heal" as const), edge }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), edge }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const) }) },
  );
type Step = ReturnType<typeof stepWith> extends fc.Arbitrary<infer T> ? T : never;

/** Bytes that all say which version they are of. */
const bodyOf = (version: number): string => String.fromCodePoint(0x41 + version).repeat(12);
const versionOf = (text: string): number => (text.codePointAt(0) ?? 0) - 0x41;

interface Purged {
  readonly path: string;
  readonly version: number;
  readonly mode: PurgeMode;
  readonly atMs: number;
  readonly log: number;
  readonly seq: number;
}

interface World {
  readonly clock: Clock;
  readonly log: MemoryLog;
  readonly colos: readonly (MapTier & { held: Barrier<void> | undefined })[];
  /** KV as each colo sees it. */
  readonly global: readonly Tier[];
  readonly lags: number[];
  readonly cut: boolean[];
  readonly edges: TestEdge[];
  readonly versions: Map<string, number>;
  readonly purges: Purged[];
  readonly waiting: { readonly request: Request; readonly version: number; readonly gate: Barrier<Response> }[];
  /** How often the log lost its storage. */
  losses: number;
}

function world(): World {
  const clock = testClock();
  const log = memoryLog();
  const kv = lateNamespace(clock);
  const w: World = {
    clock,
    log,
    colos: [0, 1, 2].map(() => Object.assign(mapTier("colo"), { held: undefined })),
    global: [0, 1, 2].map((colo) => kv.seenBy(() => w.lags[colo] ?? 0)),
    lags: [0, 0, 0],
    cut: COLOS.map(() => false),
    edges: [],
    versions: new Map(PATHS.map((path) => [path, 0])),
    purges: [],
    waiting: [],
    losses: 0,
  };
  for (const colo of w.colos) colo.beforePut = () => colo.held?.passed;
  for (const index of COLOS.keys()) w.edges.push(edgeIn(w, index));
  return w;
}

function edgeIn(w: World, index: number): TestEdge {
  const colo = COLOS[index] ?? 0;
  const reader: LogReader = {
    async since(cursor) {
      const sentAtMs = w.clock.now();
      if (w.cut[index]) throw new Error("cut off");
      return { delta: await w.log.since(cursor), sentAtMs };
    },
  };
  const lower = [w.colos[colo], w.global[colo]].filter((tier) => tier !== undefined);
  return testEdge({
    clock: w.clock,
    log: w.log,
    reader,
    lower,
    memory: { bytes: 2 ** 20, bodyBytes: 10_000 },
    site: { rules: [{ match: "/*", compress: false, edge: { swr: 20, sie: 20 }, origin: { patience: 1 } }] },
    origin(request) {
      const { pathname } = new URL(request.url);
      // the origin reads its state when it is asked, and may answer much later
      const gate = barrier<Response>();
      w.waiting.push({ request, version: w.versions.get(pathname) ?? 0, gate });
      return gate.passed;
    },
  });
}

function originAnswers(w: World, which: number, how: "lasting" | "brief" | "silent-tag"): void {
  const [one] = w.waiting.splice(which % Math.max(1, w.waiting.length), 1);
  if (!one) return;
  const { request, version, gate } = one;
  const { pathname } = new URL(request.url);
  const etag = `"${String(version)}"`;
  const headers: Record<string, string> = {
    "cache-control": how === "brief" ? "max-age=2" : "max-age=600",
    etag,
    "cache-tag": `t${pathname}`,
    "cache-groups": `"g${pathname}"`,
  };
  if (request.headers.get("if-none-match") === etag) {
    // a 304 may say nothing of tags: then those of the stored response stay
    if (how === "silent-tag") delete headers["cache-tag"];
    gate.open(answer(null, headers, 304));
    return;
  }
  const body = request.method === "HEAD" ? answer(null, headers) : rangedOrigin(bodyOf(version), headers)(request);
  Promise.resolve(body).then(gate.open, gate.fail);
}

const MANNERS: Readonly<Record<string, RequestInit>> = {
  plain: {},
  head: { method: "HEAD" },
  range: { headers: { range: "bytes=0-3" } },
  rest: { headers: { range: "bytes=4-" } },
  "no-cache": { headers: { "cache-control": "no-cache" } },
};

/** The least version that may be served as fresh, and the least that may be served at all, by what the edge knows or must know now. */
function leastVersions(w: World, index: number, path: string): { readonly fresh: number; readonly any: number } {
  const cursor = w.edges[index]?.replica.cursor();
  const known = w.purges.filter((purge) => {
    if (purge.path !== path) return false;
    const isOverdue = w.clock.now() - purge.atMs > MAX_LAG_SECONDS * 1000;
    const log = (cursor?.incarnation.length ?? 0) - "first".length;
    return isOverdue || (cursor !== undefined && (log > purge.log || (log === purge.log && cursor.seq >= purge.seq)));
  });
  const least = (purges: readonly Purged[]): number => Math.max(0, ...purges.map(({ version }) => version));
  return { fresh: least(known), any: least(known.filter(({ mode }) => mode === "hard")) };
}

function purge(w: World, { edge, path, target, mode }: Step & { kind: "purge" }): void {
  const made = TARGETS[target]?.(path);
  if (!made) return;
  const all = made.kind === "host" || made.kind === "everything";
  const paths = all ? PATHS : [path];
  // first the new content, then the purge
  for (const each of paths) w.versions.set(each, (w.versions.get(each) ?? 0) + 1);
  const by = edge === undefined || w.cut[edge] ? undefined : w.edges[edge];
  const seq = by
    ? (void by.edge.purges.purge({ targets: [made], mode, actor: "test", asked: [] }), w.log.delta(undefined).seq)
    : w.log.purgeTargets([made], mode, w.clock.now());
  for (const each of paths) {
    w.purges.push({ path: each, version: w.versions.get(each) ?? 0, mode, atMs: w.clock.now(), log: w.losses, seq });
  }
}

/** What one client got is checked when it came, against what was known when it asked. */
async function asked(w: World, index: number, path: string, manner: string): Promise<void> {
  const least = leastVersions(w, index, path);
  const response = await w.edges[index]?.get(path, MANNERS[manner]);
  if (!response || response.status >= 500) return;
  const text = manner === "head" ? "" : await response.text().catch(() => "broken off");
  if (text === "broken off") return;
  const version = manner === "head" ? Number(response.headers.get("etag")?.replaceAll(/\D/g, "")) : versionOf(text);
  const status = response.headers.get("cache-status") ?? "";
  const told = `${path} on edge ${String(index)} ${manner}: version ${String(version)} by "${status}"`;
  expect(text, `${told}: bytes of one version`).toBe(text.slice(0, 1).repeat(text.length));
  const isStale = /stale-(?:while-revalidate|if-error|if-slow|if-busy)|ttl=-/.test(status);
  expect(version, `${told}; known: ${JSON.stringify(least)}`).toBeGreaterThanOrEqual(isStale ? least.any : least.fresh);
}

/** What is on its way arrives before so much time has passed: a body that pauses for 30 s is broken off. */
async function pass(w: World, seconds: number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await turns(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  w.clock.advance(seconds);
}

async function play(steps: readonly Step[]): Promise<void> {
  const w = world();
  const clients: Promise<void>[] = [];
  for (const each of steps) {
    if (each.kind === "ask") clients.push(asked(w, each.edge, each.path, each.manner));
    else if (each.kind === "answer") originAnswers(w, each.which, each.how);
    else if (each.kind === "purge") purge(w, each);
    else if (each.kind === "wait") await pass(w, each.seconds);
    else if (each.kind === "cut" || each.kind === "heal") w.cut[each.edge] = each.kind === "cut";
    else if (each.kind === "lag") w.lags[each.colo] = each.seconds;
    else if (each.kind === "restart") restart(w, each.edge);
    else if (each.kind === "lose") {
      w.log.lose();
      w.losses += 1;
    } else hold(w, each.colo, each.kind === "hold");
    // one after the other
    await turns(20);
  }
  let isOver = false;
  const over = Promise.all(clients).finally(() => (isOver = true));
  over.catch(() => undefined);
  for (const colo of [0, 1, 2]) hold(w, colo, false);
  for (let round = 0; round < 300 && !isOver; round++) {
    originAnswers(w, 0, "lasting");
    if (round % 5 === 4) w.clock.advance(1);
    await turns(30);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(isOver, "somebody waits for ever").toBe(true);
  await over;
}

function hold(w: World, index: number, holds: boolean): void {
  const colo = w.colos[index];
  if (!colo) return;
  colo.held?.open();
  colo.held = holds ? barrier() : undefined;
}

/** The isolate is gone, with what it had in memory; its colo and KV are as they were. */
function restart(w: World, index: number): void {
  w.edges[index] = edgeIn(w, index);
}

const KINDS = Object.keys(TARGETS);

it.each<[string, readonly string[], number]>([
  ["of all kinds", KINDS, 300],
  ...KINDS.map((kind): [string, readonly string[], number] => [`by ${kind}`, [kind], 120]),
])(
  "no interleaving of fetches, stores, promotions, purges %s and refreshes on several edges resurrects what was purged",
  async (_, kinds, numRuns) => {
    await fc.assert(fc.asyncProperty(fc.array(stepWith(kinds), { minLength: 10, maxLength: 60 }), play), { numRuns });
  },
);
