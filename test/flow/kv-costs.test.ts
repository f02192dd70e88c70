// Owns the price list: how many KV reads and writes each kind of request costs, over the platform's own KV and Cache API.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { coloTier } from "../../src/tiers/colo.ts";
import { kvTier } from "../../src/tiers/kv.ts";
import { answer, type Origin, testEdge, type TestEdge } from "../support/edge.ts";
import { countedKv } from "../support/kv.ts";

const FRESH = { "cache-control": "max-age=600" };
const TAGGED = { ...FRESH, etag: '"1"', "cache-tag": "t" };
const VARIES = { ...TAGGED, vary: "accept-language" };
const WINDOW = { ...TAGGED, "cache-control": "max-age=600, stale-while-revalidate=600" };

const inLanguage = (value: string): RequestInit => ({ headers: { "accept-language": value } });

/** Answers 304 where the condition holds. */
const validating =
  (headers: HeadersInit): Origin =>
  (request) =>
    request.headers.get("if-none-match") === '"1"' ? answer(null, headers, 304) : answer("body", headers);

let counter = 0;

interface Bench {
  readonly e: TestEdge;
  /** Another edge, in another colo, over the same KV and log. */
  readonly other: TestEdge;
}

interface Row {
  readonly name: string;
  readonly headers: HeadersInit;
  readonly before?: (bench: Bench, path: string) => Promise<unknown>;
  readonly request: (bench: Bench, path: string) => Promise<{ readonly response: Response }>;
  readonly says: string;
  readonly reads: number;
  readonly writes: number;
}

const fillBoth = async ({ e }: Bench, path: string): Promise<void> => {
  await e.text(path, inLanguage("de"));
  await e.text(path, inLanguage("fr"));
};

/** docs/operations.md shows these figures. */
const PRICES: readonly Row[] = [
  {
    name: "miss, plain",
    headers: TAGGED,
    request: ({ e }, path) => e.text(path),
    says: "fwd=uri-miss; fwd-status=200; stored",
    reads: 2,
    writes: 1,
  },
  {
    name: "miss, varying, first variant",
    headers: VARIES,
    request: ({ e }, path) => e.text(path, inLanguage("de")),
    says: "fwd=uri-miss; fwd-status=200; stored",
    reads: 2,
    writes: 1,
  },
  {
    name: "miss, varying, second variant",
    headers: VARIES,
    before: ({ e }, path) => e.text(path, inLanguage("de")),
    request: ({ e }, path) => e.text(path, inLanguage("fr")),
    says: "fwd=vary-miss; fwd-status=200; stored",
    reads: 3,
    writes: 1,
  },
  {
    name: "miss, not worth KV (fresh for 60 s)",
    headers: { "cache-control": "max-age=60" },
    request: ({ e }, path) => e.text(path),
    says: "stored",
    reads: 1,
    writes: 0,
  },
  {
    name: "refill after expiry, no validator",
    headers: FRESH,
    before: async ({ e }, path) => {
      await e.text(path);
      e.passes(601);
    },
    request: ({ e }, path) => e.text(path),
    says: "fwd-status=200; stored",
    reads: 2,
    writes: 1,
  },
  {
    name: "304 refresh after expiry",
    headers: TAGGED,
    before: async ({ e }, path) => {
      await e.text(path);
      e.passes(601);
    },
    request: ({ e }, path) => e.text(path),
    says: "fwd-status=304; stored",
    reads: 2,
    writes: 1,
  },
  {
    name: "304 refresh of the variant that the index carries",
    headers: VARIES,
    before: async (bench, path) => {
      await fillBoth(bench, path);
      bench.e.passes(601);
    },
    request: ({ e }, path) => e.text(path, inLanguage("de")),
    says: "fwd-status=304; stored",
    reads: 2,
    writes: 1,
  },
  {
    name: "304 refresh of another variant",
    headers: VARIES,
    before: async (bench, path) => {
      await fillBoth(bench, path);
      bench.e.passes(601);
    },
    request: ({ e }, path) => e.text(path, inLanguage("fr")),
    says: "fwd-status=304; stored",
    reads: 3,
    writes: 1,
  },
  {
    name: "stale while it is refreshed, after expiry",
    headers: WINDOW,
    before: async ({ e }, path) => {
      await e.text(path);
      e.passes(601);
    },
    request: ({ e }, path) => e.text(path),
    says: "hit; ttl=-1; detail=stale-while-revalidate",
    reads: 2,
    writes: 1,
  },
  {
    name: "stale while it is refreshed, after a soft purge",
    headers: WINDOW,
    before: async ({ e }, path) => {
      await e.text(path);
      e.log.purge(["t"], "soft", e.clock.now());
      e.passes(2);
    },
    request: ({ e }, path) => e.text(path),
    says: "hit",
    reads: 2,
    writes: 1,
  },
  {
    name: "a client reloads what was filled a minute ago, 304",
    headers: TAGGED,
    before: async ({ e }, path) => {
      await e.text(path);
      e.passes(59);
    },
    request: ({ e }, path) => e.text(path, { headers: { "cache-control": "no-cache" } }),
    says: "fwd-status=304; stored",
    reads: 1,
    writes: 0,
  },
  {
    name: "hit in memory",
    headers: TAGGED,
    before: ({ e }, path) => e.text(path),
    request: ({ e }, path) => e.text(path),
    says: "fresh/memory",
    reads: 0,
    writes: 0,
  },
  {
    name: "hit in KV, plain",
    headers: TAGGED,
    before: ({ e }, path) => e.text(path),
    request: ({ other }, path) => other.text(path),
    says: "fresh/global",
    reads: 1,
    writes: 0,
  },
  {
    name: "hit in KV, the variant that the index carries",
    headers: VARIES,
    before: fillBoth,
    request: ({ other }, path) => other.text(path, inLanguage("de")),
    says: "fresh/global",
    reads: 1,
    writes: 0,
  },
  {
    name: "hit in KV, another variant",
    headers: VARIES,
    before: fillBoth,
    request: ({ other }, path) => other.text(path, inLanguage("fr")),
    says: "fresh/global",
    reads: 2,
    writes: 0,
  },
];

describe("KV operations of each kind of request", () => {
  it.each(PRICES)("$name: $reads reads, $writes writes", async ({ headers, before, request, says, reads, writes }) => {
    counter += 1;
    const kv = countedKv(env.STRATA_KV);
    const edge = (colo: string, of: Partial<Parameters<typeof testEdge>[0]> = {}) =>
      testEdge({
        ...of,
        origin: validating(headers),
        lower: [
          coloTier(() => caches.open(`kv-costs-${String(counter)}-${colo}`), 2 ** 20),
          kvTier(kv.kv, { minTtlSeconds: 300 }),
        ],
      });
    const e = edge("a");
    const bench = { e, other: edge("b", { log: e.log }) };
    const path = `/kv-costs/${String(counter)}`;
    await before?.(bench, path);
    const [readsBefore, writesBefore] = [kv.reads, kv.writes.length];
    const { response } = await request(bench, path);
    expect(response.headers.get("cache-status")).toContain(says);
    expect([kv.reads - readsBefore, kv.writes.length - writesBefore, kv.deletes]).toEqual([reads, writes, 0]);
  });
});

describe("an entry in KV", () => {
  it("of a purged resource answers no request, whether the index carries it or not", async () => {
    const lower = () => [kvTier(env.STRATA_KV, { minTtlSeconds: 300 })];
    for (const mode of ["hard", "soft"] as const) {
      const path = `/kv-purged/${mode}`;
      const first = testEdge({ lower: lower(), origin: validating(VARIES) });
      for (const value of ["de", "fr"]) await first.text(path, inLanguage(value));
      first.log.purge(["t"], mode, first.clock.now());
      for (const value of ["de", "fr"]) {
        const e = testEdge({ lower: lower(), log: first.log, origin: () => answer("new", VARIES) });
        const { response, text } = await e.text(path, inLanguage(value));
        expect([response.headers.get("x-cache"), text], `${mode} ${value}`).toEqual(["MISS", "new"]);
      }
    }
  });

  it("written last by an edge with an older view of the purge log answers no request", async () => {
    const path = "/kv-older-fence";
    const behind = testEdge({
      lower: [kvTier(env.STRATA_KV, { minTtlSeconds: 300 })],
      origin: () => answer("old", VARIES),
    });
    const response = await behind.get(path, inLanguage("de"));
    behind.log.purge(["t"], "hard", behind.clock.now());
    await response.text();
    await behind.idle();
    const e = testEdge({
      lower: [kvTier(env.STRATA_KV, { minTtlSeconds: 300 })],
      log: behind.log,
      origin: () => answer("new", VARIES),
    });
    const { text } = await e.text(path, inLanguage("de"));
    expect(text).toBe("new");
    const { text: after } = await testEdge({
      lower: [kvTier(env.STRATA_KV, { minTtlSeconds: 300 })],
      log: behind.log,
    }).text(path, inLanguage("de"));
    expect(after).toBe("new");
  });
});

describe("KV operations of an unsafe request", () => {
  it.each([
    ["/plain", 0, 1],
    ["/everywhere", 1, 1],
    ["/bypass", 0, 0],
    ["/near", 0, 0],
    ["/near-everywhere", 0, 0],
  ])("%s: %d reads, %d deletes", async (match, reads, deletes) => {
    const unsafe = "everywhere" as const;
    const rules = [
      { match: "/everywhere", purge: { unsafe } },
      { match: "/bypass", bypass: true },
      { match: "/near", global: false },
      { match: "/near-everywhere", global: false, purge: { unsafe } },
    ];
    const kv = countedKv(env.STRATA_KV);
    const e = testEdge({ site: { rules }, lower: [kvTier(kv.kv, { minTtlSeconds: 300 })] });
    await e.text(match, { method: "POST" });
    expect([kv.reads, kv.writes.length, kv.deletes]).toEqual([reads, 0, deletes]);
  });
});
