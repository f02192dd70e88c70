// Owns the proof of Server-Timing: which tier answered and how long each step took, on every answer, where a site asks for it.
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../support/barrier.ts";
import { answer, type EdgeOptions, inTurn, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const CACHED = { "cache-control": "max-age=60, stale-if-error=600" };
const LONG = { "cache-control": "max-age=3600" };

function timed(options: EdgeOptions = {}): TestEdge {
  return testEdge({ ...options, site: { ...options.site, serverTiming: true } });
}

const timing = ({ headers }: Response): string | null => headers.get("server-timing");

/** An origin that takes so many milliseconds. */
function slowly(e: TestEdge, ms: number, respond: () => Response): () => Promise<Response> {
  return async () => {
    await later(e, ms);
    return respond();
  };
}

/** As on the platform, where no time passes before something is waited for. */
async function later(e: TestEdge, ms: number): Promise<void> {
  await turns(1);
  e.passes(ms / 1000);
}

/** An edge that knows the purge log, so that no request waits for it. */
async function warm(options: EdgeOptions = {}): Promise<TestEdge> {
  const e = timed(options);
  await e.text("/warm");
  return e;
}

describe("an answer of the origin's", () => {
  it("says how long the edge waited, and then repeats the origin's own metrics", async () => {
    const e = await warm();
    e.origin = slowly(e, 40, () => answer("a", { ...CACHED, "server-timing": 'db;dur=5, cache;desc="miss"' }));
    const own = 'strata;desc="uri-miss";dur=40, strata-lookup;dur=0, strata-origin;dur=40';
    expect(timing((await e.text("/a")).response)).toBe(`${own}, db;dur=5, cache;desc="miss"`);
  });

  it("says the sum of two requests, and repeats the metrics of the last answer", async () => {
    const e = await warm();
    e.origin = inTurn(
      slowly(e, 10, () => answer("old", { ...CACHED, etag: '"1"' })),
      slowly(e, 20, () => answer(null, { etag: '"2"', "server-timing": "first" }, 304)),
      slowly(e, 30, () => answer("new", { ...CACHED, "server-timing": "second" })),
    );
    await e.text("/a");
    e.passes(61);
    const { response } = await e.text("/a");
    expect(timing(response)).toBe(
      'strata;desc="stale";dur=50, strata-purges;dur=0, strata-lookup;dur=0, strata-origin;dur=50, second',
    );
  });

  it("that only confirms the stored response is repeated, too", async () => {
    const e = await warm();
    e.origin = inTurn(
      () => answer("a", { ...CACHED, etag: '"1"', "server-timing": "history" }),
      slowly(e, 7, () => answer(null, { etag: '"1"', "server-timing": "db;dur=1" }, 304)),
    );
    await e.text("/a");
    e.passes(61);
    expect(timing((await e.text("/a")).response)).toBe(
      'strata;desc="stale/validated";dur=7, strata-purges;dur=0, strata-lookup;dur=0, strata-origin;dur=7, db;dur=1',
    );
  });

  it("that passes by says it as well", async () => {
    const e = await warm();
    e.origin = slowly(e, 3, () => answer("a", { "server-timing": "db" }));
    const { response } = await e.text("/a", { method: "POST" });
    expect(timing(response)).toBe('strata;desc="method";dur=3, strata-origin;dur=3, db');
  });

  it("cannot swallow the edge's metrics, whatever quotes it leaves open", async () => {
    const e = await warm({ origin: () => answer("a", { ...CACHED, "server-timing": 'x;desc="' }) });
    expect(timing((await e.text("/a")).response)).toMatch(
      /^strata;desc="uri-miss";dur=0, strata-lookup;dur=0, strata-origin;dur=0, x;/,
    );
  });
});

describe("a hit", () => {
  it("in memory says just that, and nothing of how it was once fetched", async () => {
    const e = await warm({ origin: () => answer("a", { ...CACHED, "server-timing": "history" }) });
    await e.text("/a");
    expect(timing((await e.text("/a")).response)).toBe('strata;desc="fresh/memory";dur=0');
    const not = await e.text("/a", { headers: { "if-modified-since": new Date(e.clock.now()).toUTCString() } });
    expect(timing(not.response)).toBe('strata;desc="fresh/memory";dur=0');
  });

  it.each(["colo", "global"] as const)("in %s says how long that took", async (name) => {
    const tier = mapTier(name);
    const filling = timed({ lower: [tier], origin: () => answer("a", LONG) });
    await filling.text("/a");
    const e = await warm({ lower: [tier], log: filling.log });
    tier.beforeGet = () => later(e, 12);
    const { response } = await e.text("/a");
    expect(response.headers.get("cache-status")).toContain(`detail=fresh/${name}`);
    expect(timing(response)).toMatch(new RegExp(`^strata;desc="fresh/${name}";dur=12, strata-lookup;dur=12$`));
  });

  it("that waited for the purge log says how long", async () => {
    const e = await warm();
    await e.text("/a");
    e.passes(1.001);
    const since = e.log.since.bind(e.log);
    e.log.since = async (cursor) => {
      await later(e, 20);
      return since(cursor);
    };
    expect(timing((await e.text("/a")).response)).toBe('strata;desc="fresh/memory";dur=20, strata-purges;dur=20');
  });

  it("that is refreshed in the background says nothing of that", async () => {
    const e = await warm();
    e.origin = slowly(e, 50, () => answer("a", { "cache-control": "max-age=60, stale-while-revalidate=60" }));
    await e.text("/a");
    e.passes(60.5);
    const { response } = await e.text("/a");
    expect(timing(response)).toMatch(
      /^strata;desc="stale-while-revalidate\/memory";dur=0, strata-purges;dur=0, strata-lookup;dur=0$/,
    );
    expect(e.asked).toHaveLength(3);
  });
});

describe("an answer in place of the origin's", () => {
  it("after a failure says how long the origin took", async () => {
    const e = await warm({ origin: () => answer("a", CACHED) });
    await e.text("/a");
    e.passes(61);
    e.origin = slowly(e, 9, () => answer("sorry", { "server-timing": "db;dur=8" }, 503));
    const { response } = await e.text("/a");
    expect(timing(response)).toMatch(
      /^strata;desc="stale\/stale-if-error";dur=9, strata-purges;dur=0, strata-lookup;dur=0, strata-origin;dur=9, db;dur=8$/,
    );
  });

  it("before the origin answered says how long the edge waited", async () => {
    const e = await warm({ origin: () => answer("a", CACHED) });
    await e.text("/a");
    e.passes(61);
    const late = barrier<Response>();
    e.origin = () => late.passed;
    const asking = e.get("/a");
    await turns(200);
    e.passes(2);
    const response = await asking;
    expect(timing(response)).toMatch(
      /^strata;desc="stale\/stale-if-slow";dur=2000, strata-purges;dur=0, strata-lookup;dur=0, strata-origin;dur=2000$/,
    );
    late.open(answer("b", CACHED));
    await response.text();
    await e.idle();
  });

  it("is a problem: it says so too", async () => {
    const e = await warm({ origin: () => Promise.reject(new Error("refused")) });
    const { response } = await e.text("/a");
    expect([response.status, timing(response)]).toEqual([
      502,
      'strata;desc="uri-miss/origin-unreachable";dur=0, strata-lookup;dur=0, strata-origin;dur=0',
    ]);
    const refused = await e.text("/a", { headers: { host: "a b" } });
    expect([refused.response.status, timing(refused.response)]).toEqual([400, 'strata;desc="bad-request";dur=0']);
  });
});

it("a follower says how long it waited, and nothing of the leader's metrics", async () => {
  const gate = barrier();
  const e = await warm();
  e.origin = async () => {
    await gate.passed;
    return answer("a", { ...CACHED, "server-timing": "db" });
  };
  const all = [1, 2].map(async () => {
    const response = await e.get("/a");
    await response.text();
    return response;
  });
  await turns(200);
  e.passes(0.3);
  gate.open();
  const [leader, follower] = await Promise.all(all);
  await e.idle();
  expect(leader && timing(leader)).toBe(
    'strata;desc="uri-miss";dur=300, strata-lookup;dur=0, strata-origin;dur=300, db',
  );
  expect(follower && timing(follower)).toBe('strata;desc="uri-miss";dur=300, strata-lookup;dur=0, strata-wait;dur=300');
});

it("a clock that is set back measures nothing", async () => {
  const e = await warm();
  e.origin = slowly(e, -5000, () => answer("a", CACHED));
  expect(timing((await e.text("/a")).response)).toBe(
    'strata;desc="uri-miss";dur=0, strata-lookup;dur=0, strata-origin;dur=0',
  );
});

it("without the setting, the origin's field goes on as it came, and a hit has none", async () => {
  const e = testEdge({ origin: () => answer("a", { ...CACHED, "server-timing": "db;dur=5" }) });
  expect(timing((await e.text("/a")).response)).toBe("db;dur=5");
  expect(timing((await e.text("/a")).response)).toBeNull();
});
