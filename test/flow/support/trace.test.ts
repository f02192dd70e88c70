// Owns the proof that a client's request and its requests to the origin are one trace, each with a span of its own.
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, inTurn, type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SENT = { traceparent: `00-${TRACE}-${PARENT}-01`, "x-request-id": "of-the-client" };
const CACHED = { "cache-control": "max-age=60" };

interface Question {
  readonly id: string | null;
  readonly trace: string | undefined;
  readonly span: string | undefined;
  readonly flags: string | undefined;
  readonly state: string | null;
}

function questions(e: TestEdge): readonly Question[] {
  return e.asked.map(({ headers }) => {
    const [, trace, span, flags] = headers.get("traceparent")?.split("-") ?? [];
    return { id: headers.get("x-request-id"), trace, span, flags, state: headers.get("tracestate") };
  });
}

const spansOf = (e: TestEdge): number => new Set(questions(e).map(({ span }) => span)).size;

describe("a request to the origin", () => {
  it("goes on with the client's trace, under a span of the edge's", async () => {
    const e = testEdge();
    const { response } = await e.text("/a", { headers: { ...SENT, tracestate: "a=1, b=2" } });
    const [asked] = questions(e);
    expect(asked).toMatchObject({ id: "of-the-client", trace: TRACE, flags: "01", state: "a=1, b=2" });
    expect(asked?.span).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(asked?.span).not.toBe(PARENT);
    expect(response.headers.get("x-request-id")).toBe("of-the-client");
    for (const name of ["traceparent", "tracestate"]) expect(response.headers.get(name)).toBeNull();
  });

  it("is recorded where the client's is, and not where that is not", async () => {
    const e = testEdge();
    await e.text("/a", { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
    expect(questions(e)).toMatchObject([{ trace: TRACE, flags: "00" }]);
  });

  it.each([
    ["none", {}],
    ["none that can be read", { traceparent: `00-${TRACE}-${PARENT}-1` }],
    ["two", { traceparent: `${SENT.traceparent}, ${SENT.traceparent}` }],
  ])("begins a trace where the client sent %s, and drops the client's tracestate", async (_, headers) => {
    const e = testEdge();
    await e.text("/a", { headers: { ...headers, tracestate: "a=1" } });
    const [asked] = questions(e);
    expect(asked).toMatchObject({ id: "request-1", flags: "01", state: null });
    expect(asked?.trace).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(asked?.trace).not.toBe(TRACE);
  });

  it.each([
    ["passes by", "/a", { method: "POST", body: "x" }, {}],
    ["passes by with a precondition", "/a", { headers: { ...SENT, "if-match": '"1"' } }, {}],
    ["passes by a rule", "/admin/a", {}, { rules: [{ match: "/admin/*", bypass: true }] }],
    ["asks for another protocol", "/a", { headers: { ...SENT, upgrade: "websocket" } }, {}],
  ])("is a span too where the request %s", async (_, path, init, site) => {
    const e = testEdge({ site });
    await e.text(path, { headers: SENT, ...init });
    expect(questions(e)).toMatchObject([{ id: "of-the-client", trace: TRACE }]);
    expect(questions(e)[0]?.span).not.toBe(PARENT);
  });

  it.each([
    ["with the client's trace", SENT],
    ["with one that began here", {}],
  ])("is another span each time: retried, or sent again for the whole (%s)", async (_, headers) => {
    const e = testEdge({
      origin: inTurn(
        () => Promise.reject(new Error("refused")),
        () => answer("old", { ...CACHED, etag: '"1"' }),
        // a 304 for another tag: the edge fetches the whole
        () => answer(null, { etag: '"2"' }, 304),
        () => answer("new", CACHED),
      ),
    });
    await e.text("/a", { headers });
    e.passes(61);
    await e.text("/a", { headers });
    const all = questions(e);
    expect(all).toHaveLength(4);
    expect(spansOf(e)).toBe(4);
    const traces = all.map(({ trace }) => trace);
    expect(traces[0]).toBe(traces[1]);
    expect(traces[2]).toBe(traces[3]);
    expect(traces[0] === traces[2]).toBe("traceparent" in headers);
  });
});

describe("in the background", () => {
  it("a refresh is in the trace of the request that found the response stale", async () => {
    const e = testEdge({ origin: () => answer("a", { "cache-control": "max-age=60, stale-while-revalidate=60" }) });
    await e.text("/a");
    e.passes(61);
    const { response } = await e.text("/a", { headers: { ...SENT, tracestate: "a=1" } });
    expect(response.headers.get("cache-status")).toContain("hit");
    expect(questions(e)[1]).toMatchObject({ id: "of-the-client", trace: TRACE, state: "a=1" });
    expect(spansOf(e)).toBe(2);
  });
});

describe("followers of a flight", () => {
  it("have ids of their own; the origin receives the leader's", async () => {
    const gate = barrier();
    const e = testEdge({ origin: () => gate.passed.then(() => answer("a", CACHED)) });
    const ask = async (name: string): Promise<Response> => {
      const headers = { "x-request-id": name, traceparent: `00-${name.repeat(32)}-${PARENT}-01` };
      const response = await e.get("/a", { headers });
      await response.text();
      return response;
    };
    const all = ["a", "b", "c"].map(ask);
    await turns(200);
    gate.open();
    const ids = (await Promise.all(all)).map(({ headers }) => headers.get("x-request-id"));
    await e.idle();
    expect(ids).toEqual(["a", "b", "c"]);
    expect(questions(e)).toMatchObject([{ id: "a", trace: "a".repeat(32) }]);
  });
});

describe("a hit", () => {
  it("in memory sends nothing to the origin, and makes no random ids", async () => {
    const e = testEdge();
    await e.text("/a");
    const before = e.drawn();
    for (const headers of [{}, SENT]) {
      const { response } = await e.text("/a", { headers });
      expect(response.headers.get("cache-status")).toContain("hit");
    }
    expect(e.drawn()).toBe(before);
    expect(e.asked).toHaveLength(1);
  });

  it("is found, whatever the request's trace", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo] });
    for (const digit of ["1", "2"])
      await e.text("/a", { headers: { ...SENT, traceparent: `00-${digit.repeat(32)}-${PARENT}-01` } });
    expect(e.asked).toHaveLength(1);
    expect(JSON.stringify([...colo.entries])).not.toContain("1".repeat(32));
  });

  it("repeats no field that an origin sent about one exchange, in an answer or in a 304", async () => {
    const said = {
      traceparent: SENT.traceparent,
      tracestate: "a=1",
      traceresponse: SENT.traceparent,
      "server-timing": "db;dur=5",
      "x-cache-status": "MISS",
    };
    const e = testEdge({
      origin: inTurn(
        () => answer("a", { ...CACHED, ...said, etag: '"1"' }),
        () => answer(null, { ...CACHED, ...said, etag: '"1"' }, 304),
      ),
    });
    const first = await e.text("/a");
    for (const [name, value] of Object.entries(said)) expect(first.response.headers.get(name)).toBe(value);
    for (const seconds of [0, 61, 0]) {
      e.passes(seconds);
      const { response } = await e.text("/a");
      for (const name of Object.keys(said)) expect(response.headers.get(name), name).toBeNull();
    }
    expect(e.asked).toHaveLength(2);
  });

  it.each(["traceparent", "tracestate"])("does not come from a response that varies on %s", async (name) => {
    const e = testEdge({ origin: () => answer("a", { ...CACHED, vary: name }) });
    for (let i = 0; i < 2; i++) await e.text("/a", { headers: SENT });
    expect(e.asked).toHaveLength(2);
  });
});
