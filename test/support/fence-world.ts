// Owns the world of the fence's proof: several edges over shared tiers and one log, and an origin that changes, answers late, and not always well.
import type { PurgeMode } from "../../src/http/targets/purge-order.ts";
import { type Target, targetName } from "../../src/http/targets/target.ts";
import type { LogReader } from "../../src/purge/reader/log-reader.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { type Barrier, barrier } from "./barrier.ts";
import { type Clock, testClock } from "./clock.ts";
import { answer, type TestEdge, testEdge } from "./edge.ts";
import { lateNamespace } from "./late-tier.ts";
import { type MemoryLog, memoryLog } from "./log.ts";
import { partial, rangedOrigin } from "./ranged.ts";
import { type MapTier, mapTier } from "./shelf-tier.ts";

/** The first as it is; the second varies; the third is too large for memory and KV. */
export const PATHS = ["/a", "/b", "/c"] as const;
/** The colo of each edge: the first two are isolates of one. */
export const COLOS = [0, 0, 1, 2] as const;
const MAX_LAG_SECONDS = 1;
const STALE_SECONDS = 20;
const BUFFERED_BYTES = 20;

/**
 * How the origin answers: for how long; a 304 without tags; without validators; with the same date for every version; with
 * a part that nobody asked for; with a 304 to a question that named no validator, which is no true word.
 */
export const HOW = ["lasting", "brief", "brief", "silent-tag", "bare", "dated", "part", "untrue"] as const;
export type How = (typeof HOW)[number];

/** Bytes that all say which version they are of. */
const bodyOf = (path: string, version: number): string =>
  String.fromCodePoint(0x41 + version).repeat(path === "/c" ? 3 * BUFFERED_BYTES : 12);

/** The oldest version among the bytes. */
export function versionOf(text: string): number {
  return Math.min(...new TextEncoder().encode(text)) - 0x41;
}

interface Purged {
  readonly path: string;
  readonly target: string;
  readonly version: number;
  readonly mode: PurgeMode;
  readonly atMs: number;
  /** Which log, by how many were lost before. */
  readonly log: number;
  readonly seq: number;
}

export interface World {
  readonly clock: Clock;
  readonly log: MemoryLog;
  readonly colos: readonly (MapTier & { held: Barrier<void> | undefined })[];
  /** KV as each colo sees it. */
  readonly global: readonly Tier[];
  /** By colo, seconds. */
  readonly lags: number[];
  /** By edge: the log does not answer; its answers are on their way. */
  readonly cut: boolean[];
  readonly slow: (Barrier<void> | undefined)[];
  readonly edges: TestEdge[];
  readonly versions: Map<string, number>;
  readonly purges: Purged[];
  readonly waiting: { readonly request: Request; readonly version: number; readonly gate: Barrier<Response> }[];
  /** The origin's tag is the same for every version: only hard purges tell them apart. */
  readonly stuckTag: boolean;
  /** Paths of which it has said something untrue. */
  readonly lied: Set<string>;
  /** How often the log lost its storage. */
  losses: number;
  /** For which its floor stands. */
  readonly dropped: Set<Purged>;
}

export function world(stuckTag: boolean): World {
  const clock = testClock();
  const kv = lateNamespace(clock);
  const w: World = {
    clock,
    log: memoryLog(),
    colos: [0, 1, 2].map(() => Object.assign(mapTier("colo", BUFFERED_BYTES), { held: undefined })),
    global: [0, 1, 2].map((colo) => kv.seenBy(() => w.lags[colo] ?? 0)),
    lags: [0, 0, 0],
    cut: COLOS.map(() => false),
    slow: COLOS.map(() => undefined),
    edges: [],
    versions: new Map(PATHS.map((path) => [path, 0])),
    purges: [],
    waiting: [],
    stuckTag,
    lied: new Set(),
    losses: 0,
    dropped: new Set(),
  };
  for (const colo of w.colos) {
    colo.beforePut = () => colo.held?.passed;
    colo.beforeGet = () => colo.held?.passed;
  }
  for (const index of COLOS.keys()) w.edges.push(edgeIn(w, index));
  return w;
}

/** An isolate that has just begun: its colo and KV are as they were. */
export function edgeIn(w: World, index: number): TestEdge {
  const colo = COLOS[index] ?? 0;
  const reader: LogReader = {
    async since(cursor) {
      const sentAtMs = w.clock.now();
      if (w.cut[index]) throw new Error("cut off");
      const delta = await w.log.since(cursor);
      await w.slow[index]?.passed;
      return { delta, sentAtMs };
    },
  };
  const lower = [w.colos[colo], w.global[colo]].filter((tier) => tier !== undefined);
  const edge = { swr: STALE_SECONDS, sie: STALE_SECONDS };
  return testEdge({
    clock: w.clock,
    log: w.log,
    reader,
    lower,
    memory: { bytes: 2 ** 20, bodyBytes: BUFFERED_BYTES },
    site: { rules: [{ match: "/*", compress: false, edge, origin: { patience: 1 } }] },
    origin(request) {
      const { pathname } = new URL(request.url);
      // the origin reads its state when it is asked, and may answer much later
      const gate = barrier<Response>();
      w.waiting.push({ request, version: w.versions.get(pathname) ?? 0, gate });
      return gate.passed;
    },
  });
}

export function originAnswers(w: World, which: number, how: How): void {
  const [one] = w.waiting.splice(which % Math.max(1, w.waiting.length), 1);
  if (!one) return;
  Promise.resolve(answerTo(w, one.request, one.version, how)).then(one.gate.open, one.gate.fail);
}

function answerTo(w: World, request: Request, version: number, how: How): Response | Promise<Response> {
  const path = new URL(request.url).pathname;
  const headers = fieldsOf(w, path, version, how);
  const { headers: asked, method } = request;
  const isConditional = asked.has("if-none-match") || asked.has("if-modified-since");
  if (how === "untrue" && !isConditional && !asked.has("range")) {
    w.lied.add(path);
    return answer(null, { "cache-control": "max-age=600" }, 304);
  }
  const tag = headers["etag"];
  if (tag !== undefined && asked.get("if-none-match") === tag) {
    // a 304 may say nothing of tags: then those of the stored response stay
    if (how === "silent-tag") delete headers["cache-tag"];
    return answer(null, headers, 304);
  }
  if (method === "HEAD") return answer(null, headers);
  const body = bodyOf(path, version);
  return how === "part" && !asked.has("range") ? partial(body, 0, 5, headers) : rangedOrigin(body, headers)(request);
}

function fieldsOf(w: World, path: string, version: number, how: How): Record<string, string> {
  const validator: Record<string, string> =
    how === "dated"
      ? { "last-modified": "Sun, 22 Nov 2026 11:00:00 GMT" }
      : { etag: w.stuckTag ? '"stuck"' : `"${String(version)}"` };
  return {
    "cache-control": how === "brief" ? "max-age=2" : "max-age=600",
    ...(how === "bare" ? {} : validator),
    "cache-tag": `t${path}`,
    "cache-groups": `"g${path}"`,
    ...(path === "/b" ? { vary: "accept-language" } : {}),
    "x-version": String(version),
  };
}

/** First the new content, then the purge. `edge`: on which; absent: by somebody elsewhere. */
export function purge(
  w: World,
  edge: number | undefined,
  target: Target,
  paths: readonly string[],
  mode: PurgeMode,
): void {
  for (const each of paths) w.versions.set(each, (w.versions.get(each) ?? 0) + 1);
  const by = edge === undefined || w.cut[edge] ? undefined : w.edges[edge];
  const seq = by
    ? (void by.edge.purges.purge({ targets: [target], mode, actor: "test", asked: [] }), w.log.delta(undefined).seq)
    : w.log.purgeTargets([target], mode, w.clock.now());
  const common = { target: targetName(target), mode, atMs: w.clock.now(), log: w.losses, seq };
  for (const path of paths) w.purges.push({ ...common, path, version: w.versions.get(path) ?? 0 });
}

/** The least version that may be served as fresh, as stale, and as what the origin has just confirmed, wrongly maybe. */
export interface Least {
  readonly fresh: number;
  readonly stale: number;
  readonly confirmed: number;
}

/** By what the edge knows, or must know, when it is asked. */
export function leastVersions(w: World, index: number, path: string): Least {
  const cursor = w.edges[index]?.replica.cursor();
  const log = (cursor?.incarnation.length ?? 0) - "first".length;
  const now = w.clock.now();
  const isSeen = (purge: Purged): boolean =>
    cursor !== undefined && (log > purge.log || (log === purge.log && cursor.seq >= purge.seq));
  const known = w.purges.filter((purge) => {
    // an edge without knowledge must ask with a condition, and an origin whose tag is stuck confirms any tag
    const isOverdue = !w.stuckTag && now - purge.atMs > MAX_LAG_SECONDS * 1000;
    return purge.path === path && (isOverdue || isSeen(purge));
  });
  const least = (purges: readonly Purged[]): number => Math.max(0, ...purges.map(({ version }) => version));
  // a response fetched under a lost log counts as hard purged
  const hard = known.filter((purge) => purge.mode === "hard" || (cursor !== undefined && purge.log < log));
  const soft = known.filter(({ mode }) => mode === "soft");
  // where the floor stands for the first, the second is not known for one: stale since the first
  const again = soft.filter((purge) => {
    const isLater = ({ target, log: of, seq }: Purged): boolean =>
      target === purge.target && of === purge.log && seq > purge.seq;
    return !w.dropped.has(purge) && soft.some(isLater);
  });
  const long = soft.filter(({ atMs }) => now - atMs >= STALE_SECONDS * 1000);
  return { fresh: least(known), stale: least([...hard, ...again, ...long]), confirmed: least(hard.filter(isSeen)) };
}

export function compact(w: World, kept: number): void {
  w.log.compact(kept, w.clock.now());
  const { seq } = w.log.floor();
  for (const purge of w.purges) if (purge.log === w.losses && purge.seq <= seq) w.dropped.add(purge);
}
