// Owns the proof of the edge's dealings with a slow or failing origin: patience, deadline, one retry, the breaker, Retry-After.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../src/tiers/colo.ts";
import type { SiteInput } from "../../src/policy/define.ts";
import type { Entry } from "../../src/tiers/tier.ts";
import { barrier, turns, until } from "../support/barrier.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const CACHED = { "cache-control": "max-age=60" };
const SIE = { "cache-control": "max-age=1, stale-if-error=600", etag: '"1"' };
const refused: Origin = () => Promise.reject(new Error("refused"));
const silent: Origin = () => new Promise<Response>(() => undefined);

/** An edge with a stale response that may stand in for errors. */
async function stale(headers: HeadersInit = SIE): Promise<TestEdge> {
  const e = testEdge({ origin: () => answer("old", headers) });
  await e.text("/a");
  e.passes(5);
  return e;
}

const says = (response: Response): string | null => response.headers.get("cache-status");

describe("patience", () => {
  it("ends after two seconds with a stale response, while the fetch goes on and is stored", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(1.9);
    await turns(50);
    expect(e.asked).toHaveLength(2);
    e.passes(0.1);
    const response = await waiting;
    expect([await response.text(), says(response)]).toEqual([
      "old",
      "strata; fwd=stale; ttl=-6; detail=stale/stale-if-slow",
    ]);
    slow.open(answer("new", CACHED));
    await e.idle();
    expect((await e.text("/a")).text).toBe("new");
    expect(e.asked).toHaveLength(2);
  });

  it("a 304 that comes later refreshes the stored response", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(2);
    await (await waiting).text();
    slow.open(answer(null, { ...CACHED, etag: '"1"' }, 304));
    await e.idle();
    const next = await e.text("/a");
    expect([next.text, next.response.headers.get("x-cache")]).toEqual(["old", "HIT"]);
  });

  it("followers of the same fetch have it too", async () => {
    const e = await stale();
    e.origin = silent;
    const waiting = Array.from({ length: 20 }, async () => (await e.get("/a")).text());
    await turns(200);
    e.passes(2);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["old"]));
    expect(e.asked).toHaveLength(2);
    // a later follower does not wait as long again
    const later = e.get("/a");
    await turns(200);
    e.passes(0);
    const response = await later;
    expect([await response.text(), says(response)]).toEqual([
      "old",
      "strata; fwd=stale; collapsed; ttl=-6; detail=stale/stale-if-slow",
    ]);
    expect(e.asked).toHaveLength(2);
  });

  it("followers of a failed fetch get a response that another request has fetched meanwhile", async () => {
    const e = await stale();
    e.origin = (request) =>
      request.headers.get("cache-control") === "no-cache" ? answer("new", CACHED) : silent(request);
    const waiting = [e.get("/a"), e.get("/a")];
    await turns(50);
    const third = await e.get("/a", { headers: { "cache-control": "no-cache" } });
    expect(await third.text()).toBe("new");
    await turns(200);
    e.passes(2);
    const [leader, follower] = await Promise.all(waiting.map(async (response) => (await response).text()));
    expect([leader, follower]).toEqual(["old", "new"]);
  });

  it("is the rule's", async () => {
    const site = { origins: { "*": "http://origin.test" }, rules: [{ match: "/*", origin: { patience: 0.5 } }] };
    const e = testEdge({ site, origin: () => answer("old", SIE) });
    await e.text("/a");
    e.passes(5);
    e.origin = silent;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(0.5);
    expect(await (await waiting).text()).toBe("old");
  });

  it.each<[string, HeadersInit]>([
    ["nothing may stand in", { "cache-control": "max-age=1", etag: '"1"' }],
    ["must-revalidate", { "cache-control": "max-age=1, stale-if-error=600, must-revalidate", etag: '"1"' }],
    ["the window is over", { "cache-control": "max-age=1, stale-if-error=2", etag: '"1"' }],
  ])("is endless where %s", async (_, headers) => {
    const e = await stale(headers);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(10);
    await turns(50);
    slow.open(answer("new", CACHED));
    expect(await (await waiting).text()).toBe("new");
  });

  it("is endless for a request that insists on a validation (RFC 9111 5.2.1.4)", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a", { headers: { "cache-control": "no-cache" } });
    await turns(50);
    e.passes(10);
    await turns(50);
    slow.open(answer("new", CACHED));
    expect(await (await waiting).text()).toBe("new");
  });

  it.each<[string, () => Response, unknown]>([
    ["a 304 refreshes it", () => answer(null, { ...CACHED, etag: '"1"' }, 304), { "x-cache": "HIT", is: "old" }],
    ["a new body is stored", () => answer("new", CACHED), { "x-cache": "HIT", is: "new" }],
    ["an error leaves it as it is", () => answer("no", {}, 500), { "x-cache": "STALE", is: "old" }],
  ])("for a streamed body: the client gets it, %s", async (name, late, next) => {
    const cache = await caches.open(`patience: ${name}`);
    const colo = coloTier(() => Promise.resolve(cache), 1000);
    const body = "x".repeat(3000);
    const e = testEdge({ lower: [colo], memory: { bytes: 2 ** 20, bodyBytes: 1000 }, origin: () => answer(body, SIE) });
    await e.text("/a");
    e.passes(5);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    // the colo answers in its own time
    await until(() => e.asked.length > 1, "the origin was asked");
    await turns(50);
    e.passes(2);
    expect(await (await waiting).text()).toBe(body);
    slow.open(late());
    await e.idle();
    e.origin = refused;
    const { response, text } = await e.text("/a");
    expect({ "x-cache": response.headers.get("x-cache"), is: text === body ? "old" : text }).toEqual(next);
  });

  it("a 304 that comes later leaves a response that another request has streamed into the colo meanwhile", async () => {
    const colo = mapTier("colo", 1000);
    const e = testEdge({
      lower: [colo],
      memory: { bytes: 2 ** 20, bodyBytes: 1000 },
      origin: () => answer("x".repeat(3000), SIE),
    });
    await e.text("/a");
    e.passes(5);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await until(() => e.asked.length > 1, "the origin was asked");
    await turns(50);
    e.passes(2);
    await (await waiting).text();
    e.origin = () => answer("y".repeat(3000), { ...CACHED, etag: '"2"' });
    await (await e.get("/a", { headers: { "cache-control": "no-cache" } })).text();
    const isNew = (entry: Entry): boolean => entry.kind === "response" && entry.stored.etag === '"2"';
    await until(() => [...colo.entries.values()].some(isNew), "the new one is stored");
    slow.open(answer(null, { "cache-control": "max-age=6000" }, 304));
    await e.idle();
    e.origin = refused;
    expect((await e.text("/a")).text).toBe("y".repeat(3000));
    e.passes(61);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it.each([
    ["bytes", 2 ** 20],
    ["a stream", 10],
  ])(
    "a private answer that comes later withdraws the stale response that stood in, stored as %s",
    async (_, bodyBytes) => {
      const cache = await caches.open(`withdrawn-${String(bodyBytes)}`);
      const colo = coloTier(() => Promise.resolve(cache), bodyBytes);
      const e = testEdge({
        lower: [colo],
        memory: { bytes: 2 ** 20, bodyBytes },
        origin: () => answer("x".repeat(3000), SIE),
      });
      await e.text("/a");
      e.passes(5);
      const slow = barrier<Response>();
      e.origin = () => slow.passed;
      const waiting = e.get("/a");
      await until(() => e.asked.length > 1, "the origin was asked");
      await turns(50);
      e.passes(2);
      expect((await (await waiting).text()).length).toBe(3000);
      slow.open(answer("mine", { "cache-control": "private" }));
      await e.idle();
      e.origin = refused;
      expect((await e.text("/a")).response.status).toBe(502);
    },
  );

  it("a late fetch that ends in a fault of the edge keeps no follower waiting", async () => {
    const e = await stale();
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const waiting = e.get("/a");
    await turns(50);
    e.passes(2);
    expect(await (await waiting).text()).toBe("old");
    Object.defineProperty(e.edge.marks.originBackoff, "add", {
      value: () => {
        throw new Error("ours");
      },
    });
    slow.open(answer("busy", { "retry-after": "5" }, 503));
    await expect(e.idle()).rejects.toThrow("ours");
    expect(e.underWay().fetches).toBe(0);
  });

  it("an error within it is answered at once", async () => {
    const e = await stale();
    e.origin = refused;
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual(["old", "strata; fwd=stale; ttl=-4; detail=stale/stale-if-error"]);
  });
});

describe("an error whose body is broken already", () => {
  const broken = (status: number): Response => {
    const body = new ReadableStream({ start: (c) => c.error(new Error("reset")) });
    return answer(body, { etag: '"2"' }, status);
  };

  it("is no worse than the error: a stale response stands in", async () => {
    const e = await stale();
    e.origin = () => broken(500);
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual([
      "old",
      "strata; fwd=stale; fwd-status=500; ttl=-4; detail=stale/stale-if-error",
    ]);
  });
});

describe("deadline", () => {
  it.each([
    ["30 seconds by default", {}, 30],
    ["the rule's", { origin: { deadline: 3 } }, 3],
  ])("is %s; then the request fails, and the fetch is aborted", async (_, rule, seconds) => {
    const site = { origins: { "*": "http://origin.test" }, rules: [{ match: "/*", ...rule }] };
    let isGivenUp = false;
    const e = testEdge({
      site,
      origin: (request) => {
        request.signal.addEventListener("abort", () => (isGivenUp = true));
        return new Promise<Response>(() => undefined);
      },
    });
    for (const init of [{}, { method: "POST", body: "x" }]) {
      isGivenUp = false;
      const waiting = e.get("/a", init);
      await turns(50);
      e.passes(seconds - 0.1);
      await turns(50);
      expect(isGivenUp).toBe(false);
      e.passes(0.1);
      const response = await waiting;
      expect([response.status, response.headers.get("retry-after"), isGivenUp]).toEqual([504, "5", true]);
    }
    // after a timeout there is no retry
    expect(e.asked).toHaveLength(2);
    expect(e.reports.map(({ message }) => message)).toEqual(Array(2).fill("origin: did not answer in time"));
  });

  it("is for the header section alone: a body may take longer", async () => {
    const e = testEdge({ site: { rules: [{ match: "/*", origin: { deadline: 5 } }] } });
    const rest = barrier();
    e.origin = () => {
      const body = new ReadableStream({
        async pull(controller) {
          await rest.passed;
          controller.enqueue(new TextEncoder().encode("late"));
          controller.close();
        },
      });
      return answer(body, CACHED);
    };
    const response = await e.get("/a");
    e.passes(20);
    rest.open();
    expect(await response.text()).toBe("late");
  });
});

describe("one retry", () => {
  it.each([
    ["GET", {}],
    ["HEAD", { method: "HEAD" }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["DELETE without a body", { method: "DELETE" }],
    ["GET with Authorization", { headers: { authorization: "x" } }],
  ])("of %s after a failed connection", async (_, init) => {
    const e = testEdge({ origin: inTurn(refused as () => Promise<Response>, () => answer(null, CACHED)) });
    expect((await e.text("/a", init)).response.status).toBe(200);
    expect(e.asked).toHaveLength(2);
  });

  it.each<[string, RequestInit]>([
    ["POST", { method: "POST", body: "x" }],
    ["POST without a body", { method: "POST" }],
    ["PUT, whose body is gone", { method: "PUT", body: "x" }],
    ["PATCH", { method: "PATCH", body: "x" }],
  ])("not of %s", async (_, init) => {
    const e = testEdge({ origin: refused });
    expect((await e.text("/a", init)).response.status).toBe(502);
    expect(e.asked).toHaveLength(1);
  });

  it("after a pause, in which a dying server's other connections close", async () => {
    const e = testEdge({
      retryMs: 100,
      origin: inTurn(refused as () => Promise<Response>, () => answer(null, CACHED)),
    });
    const asking = e.text("/a");
    // the deadline, and the pause
    await expect.poll(() => e.clock.timeouts()).toBe(2);
    e.passes(0.099);
    await expect.poll(() => e.clock.timeouts()).toBe(2);
    expect(e.asked).toHaveLength(1);
    e.passes(0.001);
    expect((await asking).response.status).toBe(200);
    expect(e.asked).toHaveLength(2);
  });

  it("no more than one", async () => {
    const e = testEdge({ origin: refused });
    expect((await e.text("/a")).response.status).toBe(502);
    expect(e.asked).toHaveLength(2);
  });

  it.each([500, 502, 503, 504, 429])("never after a status: %i", async (status) => {
    const e = testEdge({ origin: () => answer("no", {}, status) });
    expect((await e.text("/a")).response.status).toBe(status);
    expect(e.asked).toHaveLength(1);
  });
});

describe("breaker", () => {
  async function ask(e: TestEdge, count: number, init?: RequestInit): Promise<Response[]> {
    const all: Response[] = [];
    for (let i = 0; i < count; i++) all.push((await e.text(`/${String(i)}`, init)).response);
    return all;
  }

  it.each<[string, Origin, number]>([
    ["refuses connections", refused, 25],
    ["answers 502", () => answer("no", {}, 502), 50],
    ["answers 504 with no lifetime left", () => answer("no", { "cache-control": "max-age=0" }, 504), 50],
    ["is not there, as the platform says it", () => answer("no", {}, 522), 50],
  ])("opens for an origin that %s, and says when to come back", async (_, origin, requests) => {
    const e = testEdge({ origin });
    await ask(e, requests);
    expect(e.asked).toHaveLength(50);
    const { response, text } = await e.text("/next");
    expect([response.status, response.headers.get("retry-after"), says(response)]).toEqual([
      503,
      "5",
      "strata; fwd=uri-miss; detail=uri-miss/origin-resting",
    ]);
    expect(JSON.parse(text)).toMatchObject({ status: 503, code: "origin-resting" });
    expect(e.asked).toHaveLength(50);
  });

  it("opens for an origin that answers nothing in time", async () => {
    const e = testEdge({ origin: silent });
    const all = Array.from({ length: 50 }, (_, i) => e.get(`/${String(i)}`));
    await turns(500);
    e.passes(30);
    for (const { status } of await Promise.all(all)) expect(status).toBe(504);
    expect((await e.text("/next")).response.status).toBe(503);
    expect(e.asked).toHaveLength(50);
  });

  it.each<[string, Origin]>([
    ["404", () => answer("no", {}, 404)],
    ["500: it is an answer", () => answer("no", {}, 500)],
    ["501", () => answer("no", {}, 501)],
    ["503: it is backpressure", () => answer("no", {}, 503)],
    ["503 that says when to come back", () => answer("no", { "retry-after": "30" }, 503)],
    ["429", () => answer("no", {}, 429)],
    ["an error that may be cached", () => answer("no", CACHED, 502)],
  ])("does not count %s", async (_, origin) => {
    const e = testEdge({ origin });
    await ask(e, 60);
    for (let i = 0; i < 60; i++) await e.text("/same", { headers: { "cache-control": "no-cache" } });
    expect(e.asked.length).toBeGreaterThanOrEqual(119);
  });

  it.each(["QUERY", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"])(
    "does not count %s with content that its client never ends, nor lets it probe",
    async (method) => {
      const stalling = (i: number): RequestInit => {
        return { method, body: new ReadableStream({ start: (c) => c.enqueue(new Uint8Array([i])) }) };
      };
      const e = testEdge({
        // it waits for the end of the request's content
        origin: ({ body }) => (body ? new Promise<Response>(() => undefined) : answer("fine")),
      });
      const waiting = Array.from({ length: 60 }, (_, i) => e.get(`/a${String(i % 9)}/b${String(i)}`, stalling(i)));
      await until(() => e.asked.length === 60, "all are asked");
      e.passes(31);
      expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([504]));
      expect((await e.text("/honest")).response.status).toBe(200);

      e.origin = () => answer("no", {}, 502);
      await ask(e, 60);
      e.passes(5);
      expect((await e.text("/a", { method, body: "x" })).response.status).toBe(503);
      expect((await e.text("/a")).response.status).toBe(502);
    },
  );

  it("does not count an upgrade on which the origin hangs up, nor lets it probe", async () => {
    const upgrade = { headers: { upgrade: "websocket", connection: "upgrade" } };
    const e = testEdge({ origin: (request) => (request.headers.has("upgrade") ? refused(request) : answer("fine")) });
    for (let i = 0; i < 60; i++) await e.text(`/a${String(i % 9)}/b${String(i)}`, upgrade);
    expect((await e.text("/honest")).response.status).toBe(200);

    e.origin = () => answer("no", {}, 502);
    await ask(e, 60);
    e.passes(5);
    expect((await e.text("/a", upgrade)).response.status).toBe(503);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it.each<[string, Record<string, string>]>([
    ["a prefetch", { "sec-purpose": "prefetch" }],
    ["a prerender", { "sec-purpose": "prefetch;prerender" }],
    ["an older browser's prefetch", { purpose: "prefetch" }],
    ["a preview", { "x-purpose": "preview" }],
    ["the oldest one's", { "x-moz": "prefetch" }],
  ])("does not count answers to %s, nor lets it probe", async (_, headers) => {
    const e = testEdge({ origin: () => answer("no", {}, 502) });
    await ask(e, 60, { headers });
    expect(e.asked).toHaveLength(60);
    await ask(e, 50);
    e.passes(5);
    expect((await e.text("/ahead", { headers })).response.status).toBe(503);
    expect((await e.text("/probe")).response.status).toBe(502);
  });

  describe("stops only the target that broke down", () => {
    /** Paths that begin so never answer; all others do. */
    const bad = (prefix: string): Origin => {
      return (request) => (new URL(request.url).pathname.startsWith(prefix) ? refused(request) : answer("up", CACHED));
    };
    const RULES = { rules: [{ match: "/api/*" }, { match: "/*/report" }] };

    it.each<[string, (i: number) => string, string, string, SiteInput]>([
      ["one URL", () => "/bad", "/bad", "/bad2", {}],
      ["one URL under invented queries", (i) => `/bad?${String(i)}`, "/bad?new", "/other", {}],
      ["invented tails of one segment", (i) => `/bad/${String(i)}`, "/bad/new", "/other", {}],
      ["invented tails below a rule", (i) => `/api/${String(i)}`, "/api/new", "/shop", RULES],
      ["invented heads of one rule", (i) => `/${String(i)}/report`, "/new/report", "/shop", RULES],
    ])("%s", async (_, path, again, other, site) => {
      const e = testEdge({ site, origin: refused });
      for (let i = 0; i < 60; i++) await e.text(path(i));
      expect(e.asked.length).toBeLessThanOrEqual(50);
      e.origin = () => answer("up", CACHED);
      expect((await e.text(again)).response.status).toBe(503);
      expect((await e.text(other)).text).toBe("up");
    });

    it("not another host of the same origin", async () => {
      const e = testEdge({ origin: refused });
      await ask(e, 30);
      e.origin = () => answer("up", CACHED);
      expect((await e.text("/x")).response.status).toBe(503);
      expect((await e.text("https://other.test/x")).text).toBe("up");
    });

    it("not a path that works, nor a stored response, whatever other paths a client requests", async () => {
      const e = testEdge({ origin: bad("/shop/slow") });
      await e.text("/shop/held");
      await e.text("/shop/good?0");
      for (let i = 0; i < 1000; i++) await e.text(`/shop/slow${String(i)}`);
      expect((await e.text("/shop/held")).response.headers.get("x-cache")).toBe("HIT");
      expect((await e.text("/shop/good?1")).text).toBe("up");
      // its answer has closed the group, and proves for a while that the group is alive
      for (let i = 0; i < 100; i++) await e.text(`/shop/slow${String(i)}`);
      expect((await e.text("/shop/never-asked-before")).text).toBe("up");
    });
  });

  it("does not count a failure whose retry succeeds", async () => {
    let requests = 0;
    const e = testEdge({ origin: (request) => (requests++ % 2 === 0 ? refused(request) : answer("up", CACHED)) });
    for (const { status } of await ask(e, 60)) expect(status).toBe(200);
    expect(e.asked).toHaveLength(120);
  });

  it("neither counts nor stops unsafe methods", async () => {
    const e = testEdge({ origin: () => answer("no", {}, 502) });
    await ask(e, 60, { method: "POST" });
    expect(e.asked).toHaveLength(60);
    await ask(e, 50);
    expect(e.asked).toHaveLength(110);
    expect((await e.text("/x", { method: "POST" })).response.status).toBe(502);
    expect((await e.text("/x")).response.status).toBe(503);
    // any answer closes it
    e.origin = () => answer("up", CACHED);
    await e.text("/x", { method: "POST" });
    expect((await e.text("/x")).text).toBe("up");
  });

  it("lets stale responses stand in while it is open: the path that worked is tried once more, then left alone", async () => {
    const e = await stale();
    e.origin = refused;
    await ask(e, 25);
    const asked = e.asked.length;
    for (let i = 0; i < 3; i++) {
      const { response, text } = await e.text("/a");
      expect([text, says(response)]).toEqual(["old", "strata; fwd=stale; ttl=-4; detail=stale/stale-if-error"]);
      // with its one retry
      expect(e.asked.length - asked).toBe(2);
    }
  });

  it.each([
    ["a bot's probe that is refused", () => answer("no", {}, 403)],
    ["a 429", () => answer("no", {}, 429)],
    ["a 503", () => answer("no", {}, 503)],
  ])("%s does not prolong the rest", async (_, refuses) => {
    const e = testEdge({ origin: refused });
    await ask(e, 25);
    e.passes(5);
    e.origin = refuses;
    await e.text("/bot");
    e.origin = () => answer("up", CACHED);
    expect((await e.text("/person")).text).toBe("up");
    expect((await e.text("/next")).text).toBe("up");
  });

  it.each<[string, SiteInput, number]>([
    ["none for the site", { origin: { breaker: false } }, 120],
    ["none for a rule", { rules: [{ match: "/*", origin: { breaker: false } }] }, 120],
    ["the site's", { origin: { breaker: { requests: 10 } } }, 10],
    [
      "a rule's before the site's",
      { origin: { breaker: false }, rules: [{ match: "/*", origin: { breaker: {} } }] },
      50,
    ],
  ])("is what the configuration says: %s", async (_, site, asked) => {
    const e = testEdge({ site, origin: refused });
    await ask(e, 60);
    expect(e.asked).toHaveLength(asked);
  });

  it("sends one probe when the rest is over, and closes when that is answered", async () => {
    const e = testEdge({ origin: refused });
    await ask(e, 25);
    e.passes(5);
    await e.text("/probe");
    expect(e.asked).toHaveLength(51);
    e.passes(10);
    const slow = barrier<Response>();
    e.origin = () => slow.passed;
    const probe = e.get("/probe");
    await turns(50);
    expect((await e.get("/other")).status).toBe(503);
    slow.open(answer("up", CACHED));
    expect(await (await probe).text()).toBe("up");
    e.origin = () => answer("up", CACHED);
    expect((await e.text("/other")).text).toBe("up");
  });

  it("is for one origin alone", async () => {
    const site = { origins: { "a.test": "http://one.test", "b.test": "http://two.test" } };
    const e = testEdge({
      site,
      origin: (request) => (new URL(request.url).host === "one.test" ? answer("no", {}, 502) : answer("yes", CACHED)),
    });
    for (let i = 0; i < 50; i++) await e.text(`http://a.test/${String(i)}`);
    expect((await e.text("http://a.test/x")).response.status).toBe(503);
    expect((await e.text("http://b.test/x")).response.status).toBe(200);
  });
});

describe("Retry-After", () => {
  it("leaves the origin alone while a stale response may answer", async () => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "30" }, 503);
    await e.text("/a");
    expect(e.asked).toHaveLength(2);
    e.passes(29);
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual(["old", "strata; fwd=stale; ttl=-33; detail=stale/stale-if-busy"]);
    expect(e.asked).toHaveLength(2);
    e.passes(1);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("keeps a background refresh away too", async () => {
    const e = await stale({ "cache-control": "max-age=1, stale-while-revalidate=600", etag: '"1"' });
    e.origin = () => answer("busy", { "retry-after": "30" }, 503);
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("old");
    expect(e.asked).toHaveLength(2);
    e.passes(30);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("goes to the client with the origin's own page, at each request, if no stale response may stand in", async () => {
    const e = testEdge({ origin: () => answer("back soon", { "retry-after": "30" }, 503) });
    for (let i = 0; i < 2; i++) {
      const { response, text } = await e.text("/a");
      expect([response.status, text, response.headers.get("retry-after")]).toEqual([503, "back soon", "30"]);
    }
    expect(e.asked).toHaveLength(2);
  });

  it("no longer than a minute", async () => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "3600" }, 503);
    await e.text("/a");
    e.passes(60);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it.each<[string, number, RequestInit]>([
    ["429: it is said to one client", 429, {}],
    ["one with Authorization", 503, { headers: { authorization: "x" } }],
  ])("not of %s", async (_, status, init) => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "30" }, status);
    await e.text("/a", init);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });
});
