// Owns the table of answers and requests in an outage, for each state of the purge log, the colo's copy, KV's snapshot and the rule.
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import { describe, expect, it } from "vitest";
import { timeout } from "../../src/base/deadline.ts";
import { coloCopy } from "../../src/purge/colo/colo-copy.ts";
import { kvSnapshot } from "../../src/purge/reader/kv-snapshot.ts";
import type { LogReader } from "../../src/purge/reader/log-reader.ts";
import type { Delta } from "../../src/purge/wire/records.ts";
import type { StoredBlob, BlobCache } from "../../src/purge/colo/blob-cache.ts";
import { encodeDelta } from "../../src/purge/wire/delta-codec.ts";
import { barrier } from "../support/barrier.ts";
import { testClock } from "../support/clock.ts";
import { answer, testEdge } from "../support/edge.ts";
import { memoryLog } from "../support/log.ts";
import { mapTier } from "../support/shelf-tier.ts";

const LOGS = ["ok", "refuses", "hangs"] as const;
const COPIES = ["young", "old", "absent", "failing"] as const;
const SNAPSHOTS = ["has the purge", "older", "absent", "failing", "hanging", "corrupted"] as const;
const RULES = ["default", "serve", "strict", "strict and serve"] as const;

interface State {
  readonly log: (typeof LOGS)[number];
  readonly copy: (typeof COPIES)[number];
  readonly snapshot: (typeof SNAPSHOTS)[number];
  readonly rule: (typeof RULES)[number];
}

/** The sequence number of each path's purge; "/kept" has none. All copies know of 1, the old one of 2, the young one of 3, the log of 4. */
const PURGED = { "/1": 1, "/2": 2, "/3": 3, "/4": 4, "/kept": Number.POSITIVE_INFINITY } as const;
const PATHS = Object.keys(PURGED) as (keyof typeof PURGED)[];
const KNOWS = {
  copy: { young: 3, old: 2, absent: undefined, failing: undefined },
  snapshot: {
    "has the purge": 2,
    older: 1,
    absent: undefined,
    failing: undefined,
    hanging: undefined,
    corrupted: undefined,
  },
} as const;

/** A cold isolate over a colo that has all paths as they were before the purges; the origin has those purged anew. */
async function coldEdge(state: State) {
  const clock = testClock();
  const log = memoryLog();
  const colo = mapTier("colo");
  const version = { now: 1 };
  const origin = (request: Request) => {
    const { pathname } = new URL(request.url);
    const etag = `"${pathname}-${pathname === "/kept" ? 1 : version.now}"`;
    const headers = { etag, "cache-tag": pathname, "cache-control": "max-age=3600" };
    return request.headers.get("if-none-match") === etag ? answer(null, headers, 304) : answer(etag, headers);
  };
  const isStrict = state.rule.startsWith("strict");
  const purge = {
    ...(isStrict ? { maxLag: 0 } : {}),
    ...(state.rule.endsWith("serve") ? { onUnknown: "serve" as const } : {}),
  };
  const site = { origins: { "*": "http://origin.test" }, purge };
  const before = testEdge({ clock, log, lower: [colo], origin, site });
  for (const path of PATHS) await before.text(path);
  version.now = 2;
  const known: Delta[] = [log.delta(undefined)];
  for (const path of ["/1", "/2", "/3", "/4"]) {
    log.purge([path], "hard");
    known.push(log.delta(undefined));
  }
  clock.advance(100);
  log.questions.length = 0;
  const reads = { kv: 0 };
  const broken = barrier<never>();
  const hangs = () => broken.passed;
  const bytesOf = (seq: number | undefined): Uint8Array<ArrayBuffer> | undefined => {
    const delta = seq === undefined ? undefined : known[seq];
    return delta && new Uint8Array(encodeDelta(delta));
  };
  const direct: LogReader = {
    async since(cursor) {
      const sentAtMs = clock.now();
      if (state.log !== "ok") log.questions.push(cursor);
      if (state.log === "refuses") throw new Error("cut off");
      return { delta: await (state.log === "hangs" ? hangs() : log.since(cursor)), sentAtMs };
    },
    fallbacks: [
      kvSnapshot({
        async get() {
          reads.kv += 1;
          if (state.snapshot === "failing") throw new Error("KV is down");
          if (state.snapshot === "hanging") return hangs();
          const bytes = bytesOf(KNOWS.snapshot[state.snapshot] ?? (state.snapshot === "corrupted" ? 2 : undefined));
          // one bit
          if (bytes && state.snapshot === "corrupted") bytes[20] = (bytes[20] ?? 0) ^ 1;
          return bytes?.buffer ?? null;
        },
      }),
    ],
  };
  const blobs = shelfWith(state, bytesOf(KNOWS.copy[state.copy]), clock.now());
  const report = () => undefined;
  const reader = coloCopy(direct, {
    blobs,
    now: clock.now,
    timeout,
    random: () => 0.5,
    report,
    copyMs: DEFAULT_BOUNDS.copyMs,
  });
  const edge = testEdge({ clock, log, lower: [colo], origin, site, reader });
  return { edge, log, reads, breakOff: () => broken.fail(new Error("the connection broke")) };
}

function shelfWith({ copy }: State, bytes: Uint8Array | undefined, nowMs: number): BlobCache {
  const filed = new Map<string, StoredBlob>();
  if (bytes) filed.set("tail", { atMs: nowMs - (copy === "young" ? 200 : 60_000), bytes });
  return {
    get: (name) => (copy === "failing" ? Promise.reject(new Error("no cache")) : Promise.resolve(filed.get(name))),
    put(name, one) {
      filed.set(name, one);
      return Promise.resolve();
    },
  };
}

interface Expected {
  /** Whether the log's state is known inside the bound. */
  readonly known: boolean;
  /** The number up to which purges are obeyed; absent: nothing is known of any log. */
  readonly seq: number | undefined;
}

function expected({ log, copy, snapshot, rule }: State): Expected {
  if (copy === "young" && !rule.startsWith("strict")) return { known: true, seq: KNOWS.copy.young };
  if (log === "ok") return { known: true, seq: 4 };
  const seqs = [KNOWS.copy[copy], KNOWS.snapshot[snapshot]].filter((seq) => seq !== undefined);
  return { known: false, seq: seqs.length === 0 ? undefined : Math.max(...seqs) };
}

/** The answer to a client of one path: its version, and the reason. */
function sight(path: keyof typeof PURGED, { rule }: State, { known, seq }: Expected): readonly [string, string] {
  const isGone = seq !== undefined && PURGED[path] <= seq;
  if (isGone) return [`"${path}-2"`, "purged"];
  if (known) return [`"${path}-1"`, "fresh/colo"];
  if (rule.endsWith("serve")) return [`"${path}-1"`, "fresh/colo/purge-unknown"];
  return path === "/kept" ? ['"/kept-1"', "purge-unknown/validated"] : [`"${path}-2"`, "purge-unknown"];
}

const STATES = LOGS.flatMap((log) =>
  COPIES.flatMap((copy) =>
    SNAPSHOTS.flatMap((snapshot) => RULES.map((rule): State => ({ log, copy, snapshot, rule }))),
  ),
);

describe("log, colo copy, KV snapshot, rule", () => {
  it.concurrent.each(STATES)("$log, $copy, $snapshot, $rule", async (state) => {
    const { edge, log, reads, breakOff } = await coldEdge(state);
    const should = expected(state);
    for (const path of PATHS) {
      const response = await edge.get(path);
      const text = await response.text();
      const detail = /detail=(.*)$/.exec(response.headers.get("cache-status") ?? "")?.[1];
      expect([path, text, detail]).toEqual([path, ...sight(path, state, should)]);
      // the edge stores an origin's answer only with the fence of the known purges
      if (detail?.startsWith("fresh") === false) {
        const isStored = response.headers.get("cache-status")?.includes("; stored") ?? false;
        expect(isStored).toBe(should.seq !== undefined);
      }
    }
    expect(edge.replica.fence()?.seq).toBe(should.seq);
    const hits = PATHS.filter((path) => sight(path, state, should)[1].startsWith("fresh"));
    expect(edge.asked).toHaveLength(PATHS.length - hits.length);
    expect(reads.kv).toBe(should.known ? 0 : 1);
    const isStrict = state.rule.startsWith("strict");
    // on a strict route, each request asks a log that answers; a log that is down gets the first request's, and one more
    const [least, most] = should.known ? (isStrict ? [5, 5] : state.copy === "young" ? [0, 0] : [1, 1]) : [1, 2];
    expect(log.questions.length).toBeGreaterThanOrEqual(least);
    expect(log.questions.length).toBeLessThanOrEqual(most);
    breakOff();
    await edge.idle();
  });
});
