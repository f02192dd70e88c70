// Owns several real edges in front of an origin whose content has versions, each of which a test may cut off and heal.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEdges } from "../../../cli/dev/edges.ts";
import type { Bounds } from "../../../src/flow/support/bounds.ts";
import type { SiteInput } from "../../../src/policy/define.ts";
import { ask, type Seen } from "./asking.ts";
import { bounded } from "./bounded.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "./scripted-origin.ts";

/** A fault is then over sooner; answers still have ten times the time they take. */
const BOUNDS: Partial<Bounds> = { waitMs: 300, confirmMs: 600, pauseMs: 50 };
const TOKEN = "e2e-token";

type Manner = "up" | "refuses" | "hangs" | "late";

export interface Parts {
  readonly log?: Manner;
  readonly kv?: Manner;
  readonly cache?: Manner;
}

export interface Receipt {
  readonly status: number;
  readonly seq: number;
  readonly boundMs: number;
  readonly text: string;
}

export interface PartitionedEdge {
  /** Under one name: the host is part of the key. */
  get(path: string, fields?: Readonly<Record<string, string>>): Promise<Seen>;
  purge(what: object): Promise<Receipt>;
  cut(parts: Parts): Promise<void>;
  heal(): Promise<void>;
  /**
   * `held`: how many questions hang or are late; `snapshot`: the number up to which KV knows the log; `filed`: how often the
   * colo's copy was.
   */
  tells(what: "held" | "snapshot" | "filed"): Promise<number>;
  readonly url: string;
}

export interface Partition {
  readonly edges: readonly PartitionedEdge[];
  readonly origin: ScriptedOrigin;
  /** The origin has `path` in its next version from now on, with this tag; the first is 1. */
  change(path: string, tag: string): number;
  /** The log's object ends and begins anew; or its storage is gone. */
  log(what: "restart" | "lose"): Promise<void>;
  /** Every edge is a new isolate: nothing is cut off, memory is empty, Cache API, KV and log are as they were. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const HOST = "shop.test";
const UP: Parts = { log: "up", kv: "up", cache: "up" };

export async function startPartition(count: number, site: SiteInput): Promise<Partition> {
  const directory = await mkdtemp(join(tmpdir(), "strata-partition-"));
  const origin = await startScriptedOrigin();
  const config = join(directory, "site.ts");
  const source = JSON.stringify({ ...site, origins: { "*": origin.url } });
  await writeFile(config, `import { defineSite } from "strata";\nexport default defineSite(${source});`);
  // failures here are intended
  const log = (): void => undefined;
  const running = await startEdges({ count, port: 0, config, token: TOKEN, log, ...bounded(BOUNDS, "partitioned.ts") });
  const versions = new Map<string, number>();
  const edges = running.urls.map(edgeAt);
  return {
    edges,
    origin,
    change(path, tag) {
      const version = (versions.get(path) ?? 0) + 1;
      versions.set(path, version);
      const fields = { etag: `"${version}"`, "cache-tag": tag, "cache-control": "max-age=3600" };
      origin.answer(path, ({ headers }) => {
        const isSame = headers["if-none-match"] === fields.etag;
        return isSame ? { status: 304, fields, body: "" } : { fields, body: String(version) };
      });
      return version;
    },
    async log(what) {
      await told(`${running.urls[0]}/test/${what}`);
    },
    restart: () => running.restart(),
    async close() {
      await running.close();
      await origin.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function edgeAt(url: string): PartitionedEdge {
  const cut = async (parts: Parts): Promise<void> => {
    await told(`${url}/test/parts`, JSON.stringify(parts));
  };
  return {
    url,
    get: (path, fields = {}) => ask(`${url}${path}`, { headers: { host: HOST, ...fields } }),
    cut,
    heal: () => cut(UP),
    tells: (what) => told(`${url}/test/${what}`),
    async purge(what) {
      const response = await fetch(`${url}/.strata/purge`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(what),
      });
      const text = await response.text();
      const { seq = 0, visible = {} } = JSON.parse(text) as { seq?: number; visible?: { everywhereWithinMs?: number } };
      return { status: response.status, seq, boundMs: visible.everywhereWithinMs ?? 0, text };
    },
  };
}

async function told(url: string, body?: string): Promise<number> {
  const response = await fetch(url, body === undefined ? {} : { method: "POST", body });
  if (response.status !== 200) throw new Error(`${url} answered ${String(response.status)}`);
  return (await response.json()) as number;
}

/**
 * Asks until `edge` shows `version`. Whoever asks later than `boundMs` after `sinceMs` must see it: an older version is let pass
 * only where the question was sent before that.
 */
export async function obeys(
  edge: PartitionedEdge,
  path: string,
  version: number,
  sinceMs: number,
  boundMs: number,
): Promise<Seen> {
  for (;;) {
    const sentAtMs = Date.now();
    const seen = await edge.get(path);
    if (seen.body === String(version)) return seen;
    const lateMs = sentAtMs - sinceMs - boundMs;
    if (lateMs > 0) throw new Error(`${path}: "${seen.body}" ${String(lateMs)} ms after the bound: ${seen.said}`);
  }
}
