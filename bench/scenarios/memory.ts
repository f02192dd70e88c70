// Owns the row of memory hits: Strata against a bare worker with the same bytes and fields, the raw Cache API and hono/cache.
import { startPeer, startStrata, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import { type HitsMeasured, measureHits } from "./hits.ts";
import type { Scenario, Setting } from "./scenario.ts";

interface Size {
  readonly label: string;
  readonly type: "json" | "html";
  readonly bytes: number;
  readonly fields?: string;
}

/** As Chrome asks for a page with trackers and consent; identity, so that every contender sends the same bytes. */
const BROWSER = `${[
  'sec-ch-ua: "Chromium";v="146", "Google Chrome";v="146", "Not)A;Brand";v="24"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Windows"',
  "upgrade-insecure-requests: 1",
  "user-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  "sec-fetch-site: same-origin",
  "sec-fetch-mode: navigate",
  "sec-fetch-user: ?1",
  "sec-fetch-dest: document",
  "referer: https://shop.example/list?page=2",
  "accept-encoding: identity",
  "accept-language: en-US,en;q=0.9",
  "priority: u=0, i",
  "cookie: _ga=GA1.1.1234567890.1700000000; _ga_ABCDEF=GS2.1.1; _fbp=fb.1.1.1; OptanonConsent=isGpcEnabled=0; __cf_bm=abc; AWSALB=def",
].join("\r\n")}\r\n`;

const SIZES: readonly Size[] = [
  { label: "memory hit, 1 KB JSON", type: "json", bytes: 1024 },
  { label: "memory hit, 10 KB HTML", type: "html", bytes: 10 * 1024 },
  { label: "memory hit, 100 KB HTML", type: "html", bytes: 100 * 1024 },
  { label: "memory hit, 10 KB HTML, as a browser asks", type: "html", bytes: 10 * 1024, fields: BROWSER },
];

export const memory: Scenario = {
  title: "Memory hit",
  how: `16 connections request one object, already in the isolate's memory, over and over. The bare worker returns the same bytes under
the same header fields without looking at the request. The raw Cache API worker and \`hono/cache\` store the object in the Cache API:
they have no memory of their own. "As a browser asks" sends 16 fields and six cookies with each request, which Strata reads to know whose
it is.`,
  async measure(setting) {
    const others: Target[] = [];
    const parts: HitsMeasured[] = [];
    try {
      others.push(await startStrata(setting.origin.url));
      for (const peer of ["raw-cache", "hono-cache"] as const) {
        others.push(await startPeer(peer, { ORIGIN: setting.origin.url }));
      }
      for (const size of SIZES) parts.push(await measureSize(setting, size, others));
    } finally {
      for (const target of others) await target.close();
    }
    return {
      comparisons: parts.flatMap(({ comparisons }) => comparisons),
      figures: parts.flatMap(({ figures }) => figures),
      notes: [
        `At 100 KB every contender spends most of its work on sending the bytes. If the bare worker itself is less than four times as fast as \`hono/cache\`, no cache on this engine
can be. That depends on the machine.`,
      ],
      raw: Object.assign({}, ...parts.map(({ raw }) => raw)) as object,
    };
  },
};

async function measureSize(setting: Setting, size: Size, others: readonly Target[]): Promise<HitsMeasured> {
  const path = resourcePath({ ...size, delayMs: 0, policy: "day" }, "hit");
  const [strata] = others;
  const bare = await startPeer("bare", {
    PATH: path,
    BYTES: String(size.bytes),
    FIELDS: JSON.stringify(await fieldsOf(`${strata?.url ?? ""}${path}`)),
  });
  try {
    return await measureHits(setting, {
      label: size.label,
      path,
      fields: size.fields,
      connections: 16,
      says: "detail=fresh/memory",
      contenders: [bare, ...others],
      against: { "bare worker": 0.85, "hono/cache": 4, "raw Cache API worker": undefined },
    });
  } finally {
    await bare.close();
  }
}

const PER_CONNECTION: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** The fields of a hit, the second answer. */
async function fieldsOf(url: string): Promise<readonly (readonly [string, string])[]> {
  // as the load generator asks: for plain bytes
  const plain = { headers: { "accept-encoding": "identity" } };
  await (await fetch(url, plain)).arrayBuffer();
  const hit = await fetch(url, plain);
  await hit.arrayBuffer();
  return [...hit.headers].filter(([name]) => !PER_CONNECTION.has(name));
}
