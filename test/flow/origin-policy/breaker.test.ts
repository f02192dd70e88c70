// Owns the proof of the circuit breaker at the edge: breakdowns open it, backpressure and clients' tricks do not.
import { describe, expect, it } from "vitest";
import type { SiteInput } from "../../../src/policy/define.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { answer, type Origin, type TestEdge, testEdge } from "../../support/edge.ts";
import { refused, says, silent, stale } from "../../support/failing-origin.ts";

const CACHED = { "cache-control": "max-age=60" };
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
