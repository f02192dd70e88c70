// Owns the proof that stored responses and fetches under way obey a purge, and of the answers while the purge log is out of reach.
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const TAGGED = { "cache-control": "max-age=60", "cache-tag": "a", etag: '"v1"' };
const SOON = 1.001;

function versions(headers: HeadersInit = TAGGED) {
  let version = 0;
  return () => answer(`v${String(++version)}`, headers);
}

describe("purge: hard", () => {
  it("makes a miss of each response with the tag, and of no other", async () => {
    const e = testEdge({ origin: versions() });
    await e.text("/a");
    e.log.purge(["other"], "hard");
    e.passes(SOON);
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    const after = await e.text("/a");
    expect(after.text).toBe("v2");
    expect(after.response.headers.get("cache-status")).toBe("strata; fwd=miss; fwd-status=200; stored; detail=purged");
    expect(e.asked.at(-1)?.headers.get("if-none-match")).toBeNull();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it.each(["surrogate-key", "edge-cache-tag", "cdn-tag", "netlify-cache-tag", "cache-tag"])(
    "knows tags of %s",
    async (name) => {
      const e = testEdge({ origin: versions({ "cache-control": "max-age=60", [name]: "x, a" }) });
      await e.text("/a");
      e.log.purge(["a"], "hard");
      e.passes(SOON);
      expect((await e.text("/a")).text).toBe("v2");
    },
  );

  it.each(["surrogate-key", "edge-cache-tag", "cdn-tag", "netlify-cache-tag", "cache-tag", "cache-groups"])(
    "knows tags of %s, though Connection names it",
    async (name) => {
      const fields = { "cache-control": "max-age=60", [name]: name === "cache-groups" ? '"a"' : "a", connection: name };
      const e = testEdge({ origin: versions(fields) });
      await e.text("/a");
      e.log.purge(["a"], "hard");
      e.passes(SOON);
      expect((await e.text("/a")).text).toBe("v2");
    },
  );

  it("knows the rule's own tags, on every status", async () => {
    const site = { rules: [{ match: "/p/*", tags: ["product"] }] };
    let version = 0;
    const origin = () => answer(`v${String(++version)}`, { "cache-control": "max-age=60" }, 404);
    const e = testEdge({ site: { origins: { "*": "http://origin.test" }, ...site }, origin });
    await e.text("/p/7");
    expect((await e.text("/p/7")).text).toBe("v1");
    e.log.purge(["product"], "hard");
    e.passes(SOON);
    expect((await e.text("/p/7")).text).toBe("v2");
  });

  it("applies to responses in lower tiers", async () => {
    const colo = mapTier("colo");
    const first = testEdge({ lower: [colo], origin: versions() });
    await first.text("/a");
    const second = testEdge({ lower: [colo], log: first.log, origin: () => answer("new", TAGGED) });
    expect((await second.text("/a")).text).toBe("v1");
    first.log.purge(["a"], "hard");
    const third = testEdge({ lower: [colo], log: first.log, origin: () => answer("new", TAGGED) });
    expect((await third.text("/a")).text).toBe("new");
  });

  it("applies to a fill that began before it and ends after", async () => {
    const reached = barrier();
    const slow = barrier();
    const e = testEdge({
      origin: inTurn(
        async () => {
          reached.open();
          await slow.passed;
          return answer("old", TAGGED);
        },
        () => answer("new", TAGGED),
      ),
    });
    const first = e.text("/a");
    await reached.passed;
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    slow.open();
    expect((await first).text).toBe("old");
    expect((await e.text("/a")).text).toBe("new");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("applies to a fill whose body was under way, also when this isolate knew of the purge before its end", async () => {
    const rest = barrier();
    const body = new ReadableStream<Uint8Array>({
      async start(c) {
        c.enqueue(new TextEncoder().encode("old"));
        await rest.passed;
        c.close();
      },
    });
    const e = testEdge({
      origin: inTurn(
        () => answer(body, TAGGED),
        () => answer("new", TAGGED),
      ),
    });
    const first = await e.get("/a");
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    rest.open();
    expect(await first.text()).toBe("old");
    expect((await e.text("/a")).text).toBe("new");
  });

  it("applies to a background refresh that began before it", async () => {
    const slow = barrier<Response>();
    const swr = { "cache-control": "max-age=10, stale-while-revalidate=60", "cache-tag": "a" };
    const e = testEdge({
      origin: inTurn(
        () => answer("v1", swr),
        () => slow.passed,
        () => answer("v3", swr),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect(await (await e.get("/a")).text()).toBe("v1");
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    slow.open(answer("v2", swr));
    await e.idle();
    expect((await e.text("/a")).text).toBe("v3");
  });

  it("is obeyed at once by the isolate that took it", async () => {
    const e = testEdge({ origin: versions() });
    await e.text("/a");
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    expect((await e.text("/a")).text).toBe("v2");
  });

  it("counts a response stored under another log as purged", async () => {
    const e = testEdge({ origin: versions() });
    await e.text("/a");
    e.log.lose();
    e.passes(SOON);
    const after = await e.text("/a");
    expect([after.text, after.response.headers.get("cache-status")]).toEqual([
      "v2",
      "strata; fwd=miss; fwd-status=200; stored; detail=purge-log-changed",
    ]);
  });

  it("is not undone by a validation: the fence of a 304 is its own", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("v1", TAGGED),
        () => answer(null, TAGGED, 304),
        () => answer("v2", TAGGED),
      ),
    });
    await e.text("/a");
    e.passes(100);
    expect((await e.text("/a")).text).toBe("v1");
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    expect((await e.text("/a")).text).toBe("v2");
  });
});

describe("purge: between the lookup and the request to the origin", () => {
  it.each([
    ["GET", "max-age=10"],
    ["HEAD", "max-age=10"],
    ["GET", "max-age=10, stale-while-revalidate=60"],
  ])("a validation by %s under %s does not overtake it", async (method, cacheControl) => {
    const colo = mapTier("colo");
    const fields = { ...TAGGED, "cache-control": cacheControl };
    // the tag stays although the content changes: this case needs a hard purge
    const e = testEdge({
      lower: [colo],
      origin: inTurn(
        () => answer("v1", fields),
        () => (method === "HEAD" ? answer(null, fields) : answer(null, fields, 304)),
        () => answer("v2", fields),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.catchesUp();
    const looking = barrier();
    const reached = barrier();
    colo.beforeGet = () => {
      reached.open();
      return looking.passed;
    };
    const asked = e.get("/a", { method });
    await reached.passed;
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    looking.open();
    await (await asked).text();
    await e.idle();
    expect((await e.text("/a")).text).toBe("v2");
  });
});

describe("purge: soft", () => {
  const softly = { ...TAGGED, "cache-control": "max-age=60, stale-while-revalidate=30, stale-if-error=30" };

  it("makes a response stale from now: it is served while it is refreshed", async () => {
    const e = testEdge({ origin: versions(softly) });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(SOON);
    const stale = await e.text("/a");
    expect([stale.text, stale.response.headers.get("x-cache")]).toEqual(["v1", "STALE"]);
    expect((await e.text("/a")).text).toBe("v2");
  });

  it("lets a 304 make it good again", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("v1", TAGGED),
        () => answer(null, TAGGED, 304),
      ),
    });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(SOON);
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("REVALIDATED");
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("counts the stale window from the purge, not from the expiry", async () => {
    const e = testEdge({ origin: versions(softly) });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(31);
    expect((await e.text("/a")).text).toBe("v2");
  });

  it("covers a failing origin within its window, and not after", async () => {
    const sie = { ...TAGGED, "cache-control": "max-age=60, stale-if-error=30" };
    const e = testEdge({
      origin: inTurn(
        () => answer("v1", sie),
        () => Promise.reject(new Error("down")),
      ),
    });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(20);
    expect((await e.text("/a")).text).toBe("v1");
    e.passes(11);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it("twice since the fetch: the response must be validated before it answers", async () => {
    const e = testEdge({ origin: versions(softly) });
    await e.text("/a");
    e.log.purge(["a"], "soft", e.clock.now());
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(SOON);
    expect((await e.text("/a")).text).toBe("v2");
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
  });

  it("does not hide a hard purge before it", async () => {
    const e = testEdge({ origin: versions(softly) });
    await e.text("/a");
    e.log.purge(["a"], "hard");
    e.log.purge(["a"], "soft", e.clock.now());
    e.passes(SOON);
    expect((await e.text("/a")).text).toBe("v2");
  });
});

describe("purge: the log is out of reach", () => {
  const down = () => Promise.reject(new Error("down"));

  it.each([
    ["revalidate", "fwd=miss; fwd-status=304; stored; ttl=60; detail=purge-unknown/validated"],
    ["serve", "hit; ttl=58; detail=fresh/memory/purge-unknown"],
  ] as const)("with onUnknown %s: %s", async (onUnknown, cacheStatus) => {
    const e = testEdge({
      site: { origins: { "*": "http://origin.test" }, purge: { onUnknown } },
      origin: inTurn(
        () => answer("hello", TAGGED),
        () => answer(null, TAGGED, 304),
      ),
    });
    await e.text("/a");
    e.log.answer = down;
    e.passes(1.5);
    const { response, text } = await e.text("/a");
    expect(text).toBe("hello");
    expect(response.headers.get("cache-status")).toContain(cacheStatus);
  });

  it("an edge obeys the purges it knows of, whatever onUnknown says", async () => {
    const e = testEdge({
      site: { origins: { "*": "http://origin.test" }, purge: { onUnknown: "serve" } },
      origin: versions(),
    });
    await e.text("/a");
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    e.log.answer = down;
    e.passes(5);
    expect((await e.text("/a")).text).toBe("v2");
  });

  it("an edge that never reached the log answers from the origin, and stores nothing", async () => {
    const e = testEdge({ origin: versions() });
    e.log.answer = down;
    expect((await e.text("/a")).text).toBe("v1");
    expect((await e.text("/a")).text).toBe("v2");
    expect(e.memory.usedBytes).toBe(0);
  });

  it("an edge recovers with the log", async () => {
    const e = testEdge({ origin: versions() });
    e.log.answer = down;
    await e.text("/a");
    e.log.answer = undefined;
    await e.text("/a");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("an edge answers even if the log is not bound", async () => {
    const e = testEdge({ origin: versions() });
    e.log.answer = () => {
      throw new Error("no such binding");
    };
    expect((await e.text("/a")).response.status).toBe(200);
  });
});

describe("purge: cost", () => {
  it("no request to the log while the replica is young, and one for a crowd when it is not", async () => {
    const e = testEdge({ origin: versions() });
    await e.text("/a");
    const questions = e.log.questions.length;
    for (let i = 0; i < 50; i++) await e.text("/a");
    expect(e.log.questions.length).toBe(questions);
    e.passes(SOON);
    await Promise.all(Array.from({ length: 50 }, () => e.text("/a")));
    expect(e.log.questions.length).toBe(questions + 1);
  });

  it("one request to the log for each client request where the rule is strict", async () => {
    const site = { origins: { "*": "http://origin.test" }, rules: [{ match: "/strict", purge: { maxLag: 0 } }] };
    const e = testEdge({ site, origin: versions() });
    await e.text("/strict");
    e.log.purge(["a"], "hard");
    e.passes(0.001);
    expect((await e.text("/strict")).text).toBe("v2");
  });
});
