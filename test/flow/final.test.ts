// Owns the proof that a final answer ends the response it replaces: after a refresh that brings one, the old response is served at most
// once more (RFC 9111 4.3.3).
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../support/barrier.ts";
import { answer, type EdgeOptions, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { lateNamespace } from "../support/late-tier.ts";
import { partial, ranged, TEN } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { testClock } from "../support/clock.ts";

const WINDOWS = "max-age=10, stale-while-revalidate=600, stale-if-error=600";
const OLD = { "cache-control": WINDOWS, "cache-tag": "t", etag: '"old"' };
const RELOAD = { "cache-control": "no-cache" };
const old = (fields: Record<string, string> = {}) => answer("old", { ...OLD, ...fields });
const down = () => answer("down", {}, 500);

type Answers = () => Response;

/** Ways in which the edge comes to validate a stored response, and the answer that the client of that request gets. */
interface Refresh {
  readonly fields?: Record<string, string>;
  run(e: TestEdge, brings: Answers, headers?: Record<string, string>): Promise<string>;
}

async function asked(e: TestEdge, brings: Answers, headers: Record<string, string> = {}): Promise<string> {
  e.origin = brings;
  return (await e.text("/a", { headers })).text;
}

const KINDS: Readonly<Record<string, Refresh>> = {
  "stale-while-revalidate": {
    async run(e, brings, headers) {
      e.passes(20);
      return asked(e, brings, headers);
    },
  },
  "a soft purge": {
    async run(e, brings, headers) {
      e.log.purge(["t"], "soft", e.clock.now());
      e.passes(1.001);
      return asked(e, brings, headers);
    },
  },
  "stale-if-slow": {
    fields: { "cache-control": "max-age=10, stale-if-error=600" },
    async run(e, brings, headers = {}) {
      const slow = barrier();
      e.passes(20);
      e.origin = async () => {
        await slow.passed;
        return brings();
      };
      const response = e.get("/a", { headers });
      await turns(200);
      e.passes(2);
      const text = await (await response).text();
      slow.open();
      await e.idle();
      return text;
    },
  },
  "a reload": { run: (e, brings, headers) => asked(e, brings, { ...RELOAD, ...headers }) },
  "a foreground validation": {
    fields: { "cache-control": "max-age=10, stale-if-error=600" },
    async run(e, brings, headers) {
      e.passes(20);
      return asked(e, brings, headers);
    },
  },
};

/** The origin's answer, and whether it ends the old response. */
const BROUGHT: readonly (readonly [what: string, ends: boolean, Answers])[] = [
  ...[301, 302, 303, 307, 308].map((status) => {
    return [`${String(status)} without a lifetime`, true, () => answer(null, { location: "/b" }, status)] as const;
  }),
  ...[401, 402, 403, 404, 405, 409, 410, 414, 451].map((status) => {
    return [`${String(status)} without a lifetime`, true, () => answer("final", {}, status)] as const;
  }),
  ...[400, 406, 408, 412, 413, 416, 417, 421, 422, 425, 426, 428, 429, 431].map((status) => {
    return [`${String(status)}, of the request or the moment`, false, () => answer("not now", {}, status)] as const;
  }),
  [
    "429 that is private and sets a cookie",
    false,
    () => answer("not now", { "cache-control": "private", "set-cookie": "a=1" }, 429),
  ],
  ["500 that is private", false, () => answer("down", { "cache-control": "private" }, 500)],
  ["505", false, () => answer("down", {}, 505)],
  ["404 with max-age=0", true, () => answer("final", { "cache-control": "max-age=0" }, 404)],
  ["404 with no-store", true, () => answer("final", { "cache-control": "no-store" }, 404)],
  ["200 without a lifetime", true, () => answer("final")],
  ["200 with max-age=0", true, () => answer("final", { "cache-control": "max-age=0" })],
  ["200 with max-age=0 and a validator", true, () => answer("final", { "cache-control": "max-age=0", etag: '"new"' })],
  ["200 with Expires in the past", true, () => answer("final", { expires: "Sun, 22 Nov 2020 12:00:00 GMT" })],
  ["200 with no-store", true, () => answer("final", { "cache-control": "no-store" })],
  ["200 with no-cache", true, () => answer("final", { "cache-control": "no-cache" })],
  ["200 with private", true, () => answer("final", { "cache-control": "private, max-age=60" })],
  ["200 with a cookie", true, () => answer("final", { "cache-control": "max-age=60", "set-cookie": "a=1" })],
  ["200 with Vary: *", true, () => answer("final", { "cache-control": "max-age=60", vary: "*" })],
  [
    "200 that goes on for ever",
    true,
    () => answer("final", { "content-type": "text/event-stream", "cache-control": "max-age=60" }),
  ],
  ["304 with no-store", true, () => answer(null, { etag: '"old"', "cache-control": "no-store" }, 304)],
  ["304 with private", true, () => answer(null, { etag: '"old"', "cache-control": "private" }, 304)],
  ["304 with a cookie", true, () => answer(null, { etag: '"old"', "set-cookie": "a=1" }, 304)],
];

async function holding(fields: Record<string, string> | undefined, options: EdgeOptions = {}): Promise<TestEdge> {
  const e = testEdge({ ...options, origin: () => old(fields) });
  expect((await e.text("/a")).text).toBe("old");
  return e;
}

/** Whether the old response still answers a client, with the origin failing. */
async function isOver(e: TestEdge): Promise<boolean> {
  e.origin = down;
  const texts: string[] = [];
  for (let i = 0; i < 3; i++) texts.push((await e.text("/a")).text);
  const isGone = texts.every((text) => text !== "old");
  expect(
    texts.every((text) => (text !== "old") === isGone),
    "always the same",
  ).toBe(true);
  return isGone;
}

describe.each(Object.entries(KINDS))("a refresh by %s", (_, { fields, run }) => {
  it.each(BROUGHT)("that brings %s ends the old response: %s", async (__, ends, brings) => {
    const e = await holding(fields);
    await run(e, brings);
    expect(await isOver(e)).toBe(ends);
  });

  it("ends it in every tier, also for isolates that never had it", async () => {
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    const e = await holding(fields, { lower: [colo, global] });
    expect([colo.entries.size, global.entries.size]).toEqual([1, 1]);
    await run(e, () => answer("final", {}, 404));
    expect([colo.entries.size, global.entries.size]).toEqual([0, 0]);
    const other = testEdge({ lower: [colo, global], log: e.log, clock: e.clock });
    expect([await isOver(e), await isOver(other)]).toEqual([true, true]);
  });

  it("ends it although KV shows it for a while after", async () => {
    const clock = testClock();
    const kv = lateNamespace(clock).seenBy(() => 15);
    const e = await holding(fields, { clock, lower: [kv] });
    clock.advance(20);
    await run(e, () => answer("final", {}, 404));
    expect(await isOver(e)).toBe(true);
  });

  it("ends a response that the colo has as a stream", async () => {
    const colo = mapTier("colo", 2);
    const e = await holding(fields, { lower: [colo], memory: { bytes: 100_000, bodyBytes: 2 } });
    await run(e, () => answer("final", {}, 404));
    expect([await isOver(e), colo.entries.size]).toEqual([true, 0]);
  });

  it("ends the variant that was validated, and no other", async () => {
    const varied = { ...fields, vary: "x-v" };
    const [colo, global] = [mapTier("colo"), mapTier("global")];
    const e = testEdge({ lower: [colo, global], origin: () => old(varied) });
    for (const v of ["1", "2"]) await e.text("/a", { headers: { "x-v": v } });
    await run(e, () => answer("final", {}, 404), { "x-v": "1" });
    e.origin = down;
    expect((await e.text("/a", { headers: { "x-v": "1" } })).text).toBe("down");
    expect((await e.text("/a", { headers: { "x-v": "2" } })).text).toBe("old");
  });

  it("leaves a response that another request has stored meanwhile", async () => {
    const colo = mapTier("colo");
    const e = await holding(fields, { lower: [colo] });
    const slow = barrier();
    let isFirst = true;
    const origin: Origin = async () => {
      if (!isFirst) return answer("new", { "cache-control": "max-age=600", etag: '"new"' });
      isFirst = false;
      await slow.passed;
      return answer("final", {}, 404);
    };
    e.passes(20);
    e.origin = origin;
    const first = e.get("/a", fields ? {} : { headers: RELOAD });
    await turns(200);
    e.passes(0.5);
    await (await e.get("/a", { headers: RELOAD })).text();
    await turns(200);
    slow.open();
    await (await first).text();
    await e.idle();
    e.origin = down;
    expect((await e.text("/a")).text).toBe("new");
    const other = testEdge({ lower: [colo], log: e.log, clock: e.clock, origin: down });
    expect((await other.text("/a")).text).toBe("new");
  });
});

it("a resource that comes back is stored again, in every tier", async () => {
  const colo = mapTier("colo");
  const e = await holding(undefined, { lower: [colo] });
  await asked(e, () => answer("final", {}, 404), RELOAD);
  expect(await asked(e, () => answer("back", OLD))).toBe("back");
  e.origin = down;
  expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  const other = testEdge({ lower: [colo], log: e.log, clock: e.clock, origin: down });
  expect((await other.text("/a")).text).toBe("back");
  for (const key of colo.entries.keys()) e.memory.delete(key);
  expect((await e.text("/a")).text).toBe("back");
});

describe("a late answer", () => {
  it("that confirms the old response does not bring it back", async () => {
    const colo = mapTier("colo");
    const e = await holding(undefined, { lower: [colo] });
    const slow = barrier();
    e.origin = async () => {
      await slow.passed;
      return answer(null, OLD, 304);
    };
    const late = e.get("/a", { headers: RELOAD });
    await turns(200);
    e.origin = () => answer("final", {}, 404);
    await e.text("/a", { headers: RELOAD }).catch(() => undefined);
    slow.open();
    expect(await (await late).text()).toBe("old");
    await e.idle();
    expect([await isOver(e), colo.entries.size]).toEqual([true, 0]);
  });

  it("of a tier that still shows it does not bring it back either", async () => {
    const global = mapTier("global");
    const first = await holding(undefined, { lower: [global] });
    const [key, entry] = [...global.entries][0] ?? [];
    const e = testEdge({ lower: [global], log: first.log, clock: first.clock });
    const [slow, reached] = [barrier(), barrier()];
    let isFirst = true;
    global.beforeGet = () => {
      if (!isFirst) return undefined;
      isFirst = false;
      reached.open();
      return slow.passed;
    };
    e.origin = () => answer("asked", { "cache-control": "no-store" });
    const looking = e.get("/a");
    await reached.passed;
    await e.text("/a", { headers: RELOAD });
    if (key && entry) global.entries.set(key, entry);
    slow.open();
    expect(await (await looking).text()).toBe("asked");
    await e.idle();
    expect(await isOver(e)).toBe(true);
  });
});

describe("a body that no tier takes", () => {
  it("ends the response it replaces, without a colo", async () => {
    const e = testEdge({ memory: { bytes: 100_000, bodyBytes: 100 }, origin: () => old() });
    await e.text("/a");
    e.passes(20);
    e.origin = () => answer("x".repeat(1000), OLD);
    await e.text("/a");
    expect(await isOver(e)).toBe(true);
  });

  it("ends nothing where it breaks off: that is a failure", async () => {
    const e = testEdge({ origin: () => old() });
    await e.text("/a");
    e.passes(20);
    e.origin = () => answer(new ReadableStream({ pull: (c) => c.error(new Error("reset")) }), OLD);
    await e.text("/a");
    expect(await isOver(e)).toBe(false);
  });
});

describe("a part", () => {
  const PART = { "cache-control": "max-age=60", etag: '"v1"' };

  it("ends by an answer about its own bytes, and not by one about others", async () => {
    for (const [headers, left] of [
      [RELOAD, "down"],
      [{}, "0123"],
    ] as const) {
      const e = testEdge({ origin: () => partial(TEN, 0, 3, PART) });
      await e.text("/a");
      await asked(e, () => answer("final", {}, 404), headers);
      e.origin = down;
      expect((await e.text("/a", ranged("bytes=0-3"))).text).toBe(left);
    }
  });
});

describe("a client's own fields do not end a response for others", () => {
  const PUBLIC = { ...OLD, "cache-control": `public, ${WINDOWS}` };
  const ALICE = { cookie: "sid=alice" };
  const TOKEN = { authorization: "Bearer a" };

  it.each([
    ["an unknown cookie", { cookie: "x=1" }],
    ["a session cookie", ALICE],
    ["Authorization", TOKEN],
  ])("a reload with %s ends nothing", async (_, headers) => {
    const e = await holding(PUBLIC);
    expect(await asked(e, () => answer("final", {}, 404), { ...RELOAD, ...headers })).toBe("final");
    expect(await isOver(e)).toBe(false);
  });

  it("a refresh goes without the cookies of the client that found the response stale", async () => {
    const e = await holding(PUBLIC);
    e.passes(20);
    await asked(e, () => answer("final", {}, 404), { cookie: "x=1", "cache-control": "no-store" });
    const sent = e.asked[1]?.headers;
    expect([sent?.get("cookie"), sent?.get("cache-control")]).toEqual([null, "strata"]);
    expect(await isOver(e)).toBe(true);
  });

  it.each([
    ["a session", ALICE, "cookie"],
    ["Authorization", TOKEN, "authorization"],
  ])("a refresh with %s is sent again without, if its answer cannot be shared", async (_, headers, name) => {
    const e = await holding(PUBLIC);
    e.passes(20);
    const origin: Origin = (request) =>
      request.headers.has(name) ? answer("log in", {}, 401) : answer("new", { ...PUBLIC, etag: '"new"' });
    e.origin = origin;
    expect((await e.text("/a", { headers })).text).toBe("old");
    expect(e.asked.map((request) => request.headers.get(name) !== null)).toEqual([false, true, false]);
    // the expired session of one visitor has ended nothing, and has renewed it for all
    expect((await e.text("/a")).text).toBe("new");
  });

  it("a refresh whose credentials bring the shared answer is sent once", async () => {
    const e = await holding(PUBLIC);
    e.passes(20);
    e.origin = (request) =>
      request.headers.has("authorization") ? answer("new", { ...PUBLIC, etag: '"new"' }) : answer("log in", {}, 401);
    await e.text("/a", { headers: TOKEN });
    expect(e.asked).toHaveLength(2);
    expect((await e.text("/a")).text).toBe("new");
  });

  it("a response that is gone for a session and for anonymous clients ends", async () => {
    const e = await holding(PUBLIC);
    e.passes(20);
    await asked(e, () => answer("final", {}, 404), ALICE);
    expect(e.asked).toHaveLength(3);
    expect(await isOver(e)).toBe(true);
  });

  it("a failing origin gets no second request", async () => {
    const e = await holding(PUBLIC);
    e.passes(20);
    await asked(e, () => answer("down", {}, 505), ALICE);
    expect(e.asked).toHaveLength(2);
    expect(await isOver(e)).toBe(false);
  });

  it("after a slow answer to a session, the edge asks again in the cache's own name", async () => {
    const shared = { ...OLD, "cache-control": "public, max-age=10, stale-if-error=600" };
    const e = await holding(shared);
    expect(await KINDS["stale-if-slow"]?.run(e, () => answer("final", {}, 404), ALICE)).toBe("old");
    expect(e.asked).toHaveLength(3);
    expect(await isOver(e)).toBe(true);
  });

  it("a 503 with Retry-After to one visitor's cookie starts no origin backoff for the others", async () => {
    const e = await holding(undefined);
    const rest = () => answer("busy", { "retry-after": "60" }, 503);
    await asked(e, rest, { ...RELOAD, cookie: "x=1" });
    e.passes(20);
    await asked(e, () => answer("new", OLD));
    expect((await e.text("/a")).text).toBe("new");
  });
});
