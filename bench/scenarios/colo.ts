// Owns the row of colo hits: Strata against a worker that matches in the Cache API and returns what it finds.
import { startPeer, startStrata, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import { type HitsMeasured, measureHits } from "./hits.ts";
import type { Scenario, Setting } from "./scenario.ts";

interface Case {
  readonly label: string;
  readonly site: "empty" | "no-memory";
  readonly bytes: number;
}

const CASES: readonly Case[] = [
  { label: "colo hit, 1 KB JSON", site: "no-memory", bytes: 1024 },
  { label: "colo hit, 48 KB HTML", site: "no-memory", bytes: 48 * 1024 },
  { label: "colo hit, 2 MB", site: "empty", bytes: 2 * 2 ** 20 },
];

export const colo: Scenario = {
  title: "Colo hit",
  how: `An object that is in the Cache API but not in memory: the small ones because memory has no bytes (\`tiers.memory.bytes: 0\`), the large one
because it exceeds the largest body that memory stores. The raw Cache API worker does \`caches.default.match(request)\` and returns the
response it finds. 16 connections, 4 for the large body. Locally the Cache API is Miniflare's: a Durable Object and files in the same process.`,
  async measure(setting) {
    const parts: HitsMeasured[] = [];
    for (const each of CASES) parts.push(await measureCase(setting, each));
    return {
      comparisons: parts.flatMap(({ comparisons }) => comparisons),
      figures: parts.flatMap(({ figures }) => figures),
      notes: [
        `Beyond the one \`match\` of the raw worker a colo hit costs the digest of its key, a deadline for the tier, the check of an untrusted record,
reading the body into memory for promotion, and a check of the replica. Deadline, digest and check are each worth 5 to 15 % of such a hit by removing
one at a time; in use the next hit comes from memory.`,
      ],
      raw: Object.assign({}, ...parts.map(({ raw }) => raw)) as object,
    };
  },
};

async function measureCase(setting: Setting, { label, site, bytes }: Case): Promise<HitsMeasured> {
  const contenders: Target[] = [];
  try {
    contenders.push(await startPeer("raw-cache", { ORIGIN: setting.origin.url }));
    contenders.push(await startStrata(setting.origin.url, site));
    const type = bytes === 1024 ? "json" : bytes > 2 ** 20 ? "bin" : "html";
    return await measureHits(setting, {
      label,
      path: resourcePath({ type, bytes, delayMs: 0, policy: "day" }, "hit"),
      connections: bytes > 2 ** 20 ? 4 : 16,
      says: "detail=fresh/colo",
      contenders,
      against: { "raw Cache API worker": 0.7 },
    });
  } finally {
    for (const target of contenders) await target.close();
  }
}
