// Owns the proof that whatever an origin and clients do at once, everybody is answered, nobody gets what is another's, and nothing stays behind.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/http/select/key.ts";
import type { SiteInput } from "../../src/policy/define.ts";
import { type Barrier, barrier, turns } from "../support/barrier.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { runs } from "../support/runs.ts";

const PATHS = ["/a", "/b"];

const outcome = fc.constantFrom(
  "stored",
  "stale-soon",
  "private",
  "no-store",
  "cookie",
  "varies",
  "no-cache",
  "missing",
  "error",
  "busy",
  "refused",
  "silent",
  "broken",
  "part",
  "large",
  "compressible",
  "lying-gzip",
);
type Outcome = typeof outcome extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      path: fc.constantFrom(...PATHS),
      manner: fc.constantFrom(
        "plain",
        "head",
        "range",
        "authorized",
        "session",
        "no-cache",
        "only-if-cached",
        "gzip",
        "de",
      ),
      leaves: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("answer" as const), which: fc.nat(5), outcome }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(0, 1, 2, 5, 15, 30) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("post" as const), path: fc.constantFrom(...PATHS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const), mode: fc.constantFrom("hard", "soft") }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const MANNERS: Readonly<Record<string, RequestInit>> = {
  plain: {},
  head: { method: "HEAD" },
  range: { headers: { range: "bytes=1-3" } },
  authorized: { headers: { authorization: "Bearer x" } },
  session: { headers: { cookie: "PHPSESSID=1" } },
  "no-cache": { headers: { "cache-control": "no-cache" } },
  "only-if-cached": { headers: { "cache-control": "only-if-cached" } },
  gzip: { headers: { "accept-encoding": "gzip" } },
  de: { headers: { "accept-language": "de" } },
};

function answered(how: Outcome, request: Request): Response | Promise<Response> {
  const who = request.headers.get("x-who") ?? "nobody";
  const of = (control: string, more: Record<string, string> = {}): Record<string, string> => {
    return { "cache-control": control, "cache-tag": "t", etag: '"1"', ...more };
  };
  switch (how) {
    case "stored":
      return request.headers.has("if-none-match")
        ? answer(null, of("max-age=60"), 304)
        : answer("shared", of("max-age=60"));
    case "stale-soon":
      return answer("shared", of("max-age=1, stale-if-error=60, stale-while-revalidate=5"));
    case "private":
      return answer(`own ${who}`, of("private"));
    case "no-store":
      return answer(`own ${who}`, { "cache-control": "no-store" });
    case "cookie":
      return answer(`own ${who}`, of("max-age=60", { "set-cookie": "a=1" }));
    case "varies":
      return answer("shared", of("max-age=60", { vary: "accept-language" }));
    case "no-cache":
      return answer("shared", of("no-cache"));
    case "missing":
      return answer("shared", of("max-age=5"), 404);
    case "error":
      return answer(`own ${who}`, {}, 500);
    case "busy":
      return answer(`own ${who}`, { "retry-after": "5" }, 503);
    case "refused":
      return Promise.reject(new Error("refused"));
    case "silent":
      return new Promise<Response>(() => undefined);
    case "broken": {
      const body = new ReadableStream({ pull: (c) => c.error(new Error("reset")) });
      return answer(body, of("max-age=60", { "content-length": "6" }));
    }
    case "part":
      return answer("sha", of("max-age=60", { "content-range": "bytes 0-2/6" }), 206);
    case "large":
      return answer("shared".repeat(20_000), of("max-age=60"));
    case "compressible":
      return answer("shared ".repeat(400), of("max-age=60", { "content-type": "text/plain" }));
    case "lying-gzip":
      return answer("no gzip at all", of("max-age=60", { "content-encoding": "gzip" }));
  }
}

interface Asked {
  readonly who: string;
  readonly text: Promise<string>;
}

/** Carries the steps out; then lets everything come to its end. */
async function commotion(e: TestEdge, steps: readonly Step[]): Promise<readonly Asked[]> {
  const waiting: { readonly request: Request; readonly gate: Barrier<Response> }[] = [];
  e.origin = (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(null, {}, 204);
    const gate = barrier<Response>();
    waiting.push({ request, gate });
    return gate.passed;
  };
  const release = (which: number, how: Outcome): void => {
    const [one] = waiting.splice(which % Math.max(1, waiting.length), 1);
    if (!one) return;
    Promise.resolve(answered(how, one.request)).then(one.gate.open, one.gate.fail);
  };
  const asked: Asked[] = [];
  for (const [i, each] of steps.entries()) {
    if (each.kind === "ask") {
      const init = MANNERS[each.manner] ?? {};
      const who = `client-${String(i)}`;
      const headers = { ...(init.headers as Record<string, string> | undefined), "x-who": who };
      const response = e.get(each.path, { ...init, headers });
      const text = response.then(async (got) => {
        if (!each.leaves) return got.text().catch(() => "broken off");
        await got.body?.cancel().catch(() => undefined);
        return "left";
      });
      asked.push({ who, text });
    } else if (each.kind === "answer") release(each.which, each.outcome);
    else if (each.kind === "wait") e.passes(each.seconds);
    else if (each.kind === "post") void e.get(each.path, { method: "POST" });
    else e.log.purge(["t"], each.mode === "hard" ? "hard" : "soft", e.clock.now());
    // events come in the order of the steps
    await turns(10);
  }
  let isOver = false;
  const over = Promise.all(asked.map(({ text }) => text))
    .then(() => e.idle())
    .finally(() => (isOver = true));
  for (let round = 0; round < 200 && !isOver; round++) {
    release(0, "stored");
    e.passes(1);
    await turns(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(isOver, "somebody waits for ever").toBe(true);
  await over;
  return asked;
}

describe("origin faults and clients' requests in random order", () => {
  const sites: readonly SiteInput[] = [
    {},
    { rules: [{ match: "/*", edge: { sie: 60, swr: 5 }, origin: { patience: 1, deadline: 4 } }] },
    { rules: [{ match: "/*", compress: false, client: "ignore" }] },
  ];

  it.each(sites.map((site, i) => [i, site] as const))(
    "every client is answered, and no flight, reservation or timer stays behind: site %i",
    async (_, site) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, hasColo) => {
          const budget = 2 ** 20;
          const e = testEdge({
            site: { origins: { "*": "http://origin.test" }, ...site },
            lower: hasColo ? [mapTier("colo", 10_000)] : [],
            memory: { bytes: budget, bodyBytes: 10_000 },
          });
          const asked = await commotion(e, steps);
          for (const { who, text } of asked) {
            const got = await text;
            if (got.startsWith("own ")) expect(got).toBe(`own ${who}`);
          }
          expect(e.clock.timeouts()).toBe(0);
          const key = (path: string): CacheKey => path as CacheKey;
          expect(e.underWay(), "a flight that never ended").toEqual({ fetches: 0, refreshes: 0 });
          expect(e.edge.collapsing.flights.join(key("x"), 0).role).toBe("leader");
          expect(e.memory.reserve(budget / 2 - 20_000), "memory set aside for ever").toBeDefined();
        }),
        { numRuns: runs(150) },
      );
    },
  );
});
