// Owns the proof that concurrent requests ask the origin once, and that none gets another client's answer by that.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../../src/tiers/colo.ts";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";

const CACHED = { "cache-control": "max-age=60" };

/** Sends all requests, and lets `origin` answer once they are all under way. */
async function together(
  e: TestEdge,
  requests: readonly RequestInit[],
  origin: Origin,
): Promise<{ readonly status: number; readonly text: string; readonly says: string }[]> {
  const start = barrier();
  e.origin = async (request) => {
    await start.passed;
    return origin(request);
  };
  const answers = requests.map(async (init) => {
    const response = await e.get("/a", init);
    const says = response.headers.get("cache-status") ?? "";
    return { status: response.status, text: await response.text(), says };
  });
  await turns(200);
  start.open();
  const all = await Promise.all(answers);
  await e.idle();
  return all;
}

const many = (count: number, init: RequestInit = {}): RequestInit[] => Array.from({ length: count }, () => init);

describe("a fetch that fails", () => {
  it("leaves its followers a response that another request has stored meanwhile, even if it may answer only while it is refreshed", async () => {
    const gone = barrier<Response>();
    const e = testEdge({
      origin: (request) =>
        request.headers.get("cache-control") === "no-cache"
          ? answer("new", { "cache-control": "max-age=0, stale-while-revalidate=60" })
          : gone.passed,
    });
    const waiting = [1, 2, 3].map(() => e.get("/a"));
    await turns(200);
    await e.get("/a", { headers: { "cache-control": "no-cache" } }).then((response) => response.text());
    await turns(200);
    gone.fail(new Error("refused"));
    const [leader, ...followers] = await Promise.all(waiting);
    expect(leader?.status).toBe(502);
    for (const follower of followers) expect([follower.status, await follower.text()]).toEqual([200, "new"]);
  });
});

describe("one fetch for all", () => {
  it.each([
    ["1 KB", 1000, 2 ** 10],
    ["1 MB", 100, 2 ** 20],
  ])("of a cold key, with a body of %s for %i requests", async (_, count, size) => {
    const e = testEdge();
    const body = "x".repeat(size);
    const all = await together(e, many(count), () => answer(body, CACHED));
    expect(e.asked).toHaveLength(1);
    expect(all.every(({ text }) => text === body)).toBe(true);
    expect(all.filter(({ says }) => says.includes("; stored"))).toHaveLength(1);
    expect(all.filter(({ says }) => says === "strata; fwd=uri-miss; collapsed; ttl=60; detail=uri-miss")).toHaveLength(
      count - 1,
    );
  });

  it("of a body that only the colo takes, too", async () => {
    const cache = await caches.open("collapse");
    const e = testEdge({ lower: [coloTier(() => Promise.resolve(cache), 2 ** 20)] });
    const body = noise(5 * 2 ** 20);
    const start = barrier();
    e.origin = async () => {
      await start.passed;
      return answer(body, { ...CACHED, "content-length": String(body.length) });
    };
    const answers = many(10).map(async () => new Uint8Array(await (await e.get("/a")).arrayBuffer()));
    await turns(200);
    start.open();
    for (const bytes of await Promise.all(answers)) expect(equal(bytes, body)).toBe(true);
    await e.idle();
    expect(e.asked).toHaveLength(1);
  });

  it("for a request whose lookup ends after another's fetch", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: () => answer("x", CACHED) });
    const slow = barrier();
    // memory has the response before the colo has it
    const filed = barrier();
    colo.beforePut = () => filed.passed;
    let looks = 0;
    // the second lookup is slow to learn that the colo has nothing yet
    colo.beforeGet = () => (++looks === 2 ? slow.passed : undefined);
    const first = e.get("/a");
    const second = e.get("/a");
    expect(await (await first).text()).toBe("x");
    await turns(200);
    slow.open();
    const response = await second;
    expect([await response.text(), response.headers.get("cache-status")]).toEqual([
      "x",
      "strata; fwd=uri-miss; collapsed; ttl=60; detail=uri-miss",
    ]);
    filed.open();
    await e.idle();
    expect(e.asked).toHaveLength(1);
  });

  it("of a stale response that is validated", async () => {
    const e = testEdge({ origin: () => answer("v1", { "cache-control": "max-age=1", etag: '"1"' }) });
    await e.text("/a");
    e.passes(5);
    const all = await together(e, many(20), () => answer(null, { ...CACHED, etag: '"1"' }, 304));
    expect(e.asked).toHaveLength(2);
    expect(all.every(({ text }) => text === "v1")).toBe(true);
  });

  it.each([
    ["no-cache", { "cache-control": "no-cache", etag: '"1"' }],
    ["no lifetime left", { "cache-control": "max-age=0", etag: '"1"' }],
  ])("but not of a response to be validated each time, whose followers do not queue: %s", async (_, headers) => {
    const e = testEdge();
    const all = await together(e, many(10), (request) =>
      request.headers.has("if-none-match") ? answer(null, headers, 304) : answer("v1", headers),
    );
    expect(all.every(({ text }) => text === "v1")).toBe(true);
    expect(e.asked).toHaveLength(10);
    expect(e.asked.filter((request) => request.headers.has("if-none-match"))).toHaveLength(9);
  });

  it("although the first client leaves", async () => {
    const e = testEdge();
    const start = barrier();
    const body = noise(3000);
    e.origin = async () => {
      await start.passed;
      return answer(body, CACHED);
    };
    const leader = e.get("/a").then((response) => response.body?.cancel());
    const follower = e.get("/a");
    await turns(200);
    start.open();
    await leader;
    expect(equal(new Uint8Array(await (await follower).arrayBuffer()), body)).toBe(true);
    expect(e.asked).toHaveLength(1);
    await e.idle();
  });

  it("kept alive for followers before its answer came: the platform ends a request whose client leaves, unless waitUntil holds it", async () => {
    const start = barrier<Response>();
    const e = testEdge({ origin: () => start.passed });
    const leader = e.get("/a");
    await turns(200);
    let isIdle = false;
    const idle = e.idle().then(() => (isIdle = true));
    await turns(200);
    expect(isIdle).toBe(false);
    start.open(answer("x", CACHED));
    await (await leader).text();
    await idle;
  });

  it("for each of several variants, once the Vary is known", async () => {
    const e = testEdge();
    const languages = ["de", "en", "fr"];
    const requests = Array.from({ length: 30 }, (_, i) => ({ headers: { "accept-language": languages[i % 3] ?? "" } }));
    const all = await together(e, requests, (request) => {
      const language = request.headers.get("accept-language") ?? "";
      return answer(language, { ...CACHED, vary: "accept-language" });
    });
    all.forEach(({ text }, i) => expect(text).toBe(languages[i % 3]));
    expect(e.asked).toHaveLength(3);
  });
});

describe("no request waits for an answer that it cannot share", () => {
  it.each<[string, HeadersInit]>([
    ["private", { "cache-control": "private, max-age=60" }],
    ["no-store", { "cache-control": "no-store" }],
    ["an answer that sets a cookie", { ...CACHED, "set-cookie": "a=1" }],
    ["an answer with Vary: *", { ...CACHED, vary: "*" }],
    ["an answer without a lifetime", {}],
  ])("each gets an answer of its own: %s", async (_, headers) => {
    const e = testEdge();
    let version = 0;
    const all = await together(e, many(5), () => answer(`v${String(++version)}`, headers));
    expect(new Set(all.map(({ text }) => text)).size).toBe(5);
    expect(e.asked).toHaveLength(5);
  });

  it.each<[string, RequestInit]>([
    ["Authorization", { headers: { authorization: "Bearer x" } }],
    ["a session cookie", { headers: { cookie: "PHPSESSID=1" } }],
    ["no-cache", { headers: { "cache-control": "no-cache" } }],
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["HEAD", { method: "HEAD" }],
    ["a range that goes as sent", { headers: { range: "bytes=-5" } }],
  ])("a request with %s never joins", async (_, init) => {
    const e = testEdge();
    await together(e, many(3, init), () => answer("x", CACHED));
    expect(e.asked).toHaveLength(3);
  });

  it("for a resource whose answer could not be shared lately", async () => {
    const e = testEdge({ origin: () => answer("x", { "cache-control": "no-store" }) });
    await e.text("/a");
    const order: string[] = [];
    const slow = barrier();
    let asked = 0;
    e.origin = async () => {
      asked += 1;
      if (asked === 1) await slow.passed;
      return answer("x", { "cache-control": "no-store" });
    };
    const first = e.text("/a").then(() => order.push("first"));
    await e.get("/a").then(async (response) => order.push(await response.text()));
    slow.open();
    await first;
    expect(order).toEqual(["x", "first"]);
  });

  it.each([400, 401, 403, 405, 406, 408, 412, 413, 414, 417, 421, 422, 425, 426, 428, 429, 431, 500, 501, 503])(
    "one client's %d does not switch waiting off for the others",
    async (status) => {
      const e = testEdge({ origin: () => answer("no", {}, status) });
      await e.text("/a");
      await together(e, many(5), () => answer("x", CACHED));
      expect(e.asked).toHaveLength(2);
    },
  );

  it.each<[string, RequestInit, HeadersInit]>([
    ["no-store in the request", { headers: { "cache-control": "no-store" } }, CACHED],
    ["a twin of a field", { headers: { accept_language: "de" } }, { ...CACHED, vary: "accept-language" }],
    ["a cookie, answered with a cookie", { headers: { cookie: "x=1" } }, { "set-cookie": "y=1" }],
    [
      "a cookie, which forbids to guess",
      { headers: { cookie: "x=1" } },
      { "last-modified": "Sun, 01 Nov 2026 12:00:00 GMT" },
    ],
    ["a session", { headers: { cookie: "sid=1" } }, { "cache-control": "private" }],
    ["Authorization", { headers: { authorization: "Bearer a" } }, CACHED],
  ])("the answer to a request with %s does not switch waiting off for the others", async (_, init, headers) => {
    const e = testEdge({ origin: () => answer("own", headers) });
    await e.text("/a", init);
    await together(e, many(5), () => answer("x", CACHED));
    expect(e.asked).toHaveLength(2);
  });

  it("requests with cookies do not wait for each other if that was in vain lately", async () => {
    const e = testEdge({ origin: () => answer("own", { "cache-control": "no-store" }) });
    const cookie = { headers: { cookie: "x=1" } };
    await e.text("/a", cookie);
    const slow = barrier();
    let count = 0;
    e.origin = async () => {
      count += 1;
      if (count === 1) await slow.passed;
      return answer(String(count), { "cache-control": "no-store" });
    };
    const first = e.get("/a", cookie);
    expect(await (await e.get("/a", cookie)).text()).toBe("2");
    slow.open();
    await (await first).text();
    await e.idle();
  });

  it("an invented variant that could not be stored does not switch waiting off for the others", async () => {
    const e = testEdge({
      origin: ({ headers }) => {
        const v = headers.get("x-v");
        return answer(v, { vary: "x-v", "cache-control": v === "junk" ? "no-store" : "max-age=60" });
      },
    });
    await e.text("/a", { headers: { "x-v": "1" } });
    await e.text("/a", { headers: { "x-v": "junk" } });
    await together(e, many(5, { headers: { "x-v": "2" } }), () => answer("x", { ...CACHED, vary: "x-v" }));
    expect(e.asked).toHaveLength(3);
  });

  it("a stored answer switches waiting on again", async () => {
    const e = testEdge({ origin: () => answer("no", { "cache-control": "no-store" }) });
    await e.text("/a");
    e.origin = () => answer("x", { "cache-control": "max-age=1" });
    await e.text("/a");
    e.passes(2);
    await together(e, many(5), () => answer("x", CACHED));
    expect(e.asked).toHaveLength(3);
  });

  it("each follower obeys a purge that comes while all wait", async () => {
    const e = testEdge();
    let version = 0;
    const all = await together(e, many(5), () => {
      version += 1;
      if (version === 1) {
        const seq = e.log.purge(["t"], "hard");
        expect(seq).toBe(1);
        e.replica.apply({ delta: e.log.delta(undefined), sentAtMs: e.clock.now() });
      }
      return answer(`v${String(version)}`, { ...CACHED, "cache-tag": "t" });
    });
    // the first fetch was under way when the purge came: its answer goes to the leader alone
    expect(all.map(({ text }) => text)).toEqual(["v1", "v2", "v2", "v2", "v2"]);
    expect(e.asked).toHaveLength(2);
  });
});

describe("when the fetch fails", () => {
  it("there is one retry for all, which may succeed", async () => {
    const e = testEdge();
    const origin = inTurn(
      () => Promise.reject(new Error("refused")),
      () => answer("x", CACHED),
    );
    const all = await together(e, many(20), origin);
    expect(e.asked).toHaveLength(2);
    expect(all.every(({ status }) => status === 200)).toBe(true);
  });

  it("if the retry fails, all get the failure, and the origin is left alone", async () => {
    const e = testEdge();
    const all = await together(e, many(20), () => Promise.reject(new Error("refused")));
    expect(e.asked).toHaveLength(2);
    expect(all.every(({ status }) => status === 502)).toBe(true);
    expect(all.at(-1)?.says).toBe("strata; fwd=uri-miss; collapsed; detail=uri-miss/origin-unreachable");
  });

  it.each<[string, number, Origin]>([
    ["refused, and once more", 2, () => Promise.reject(new Error("refused"))],
    ["503, which is an answer", 1, () => answer("down", {}, 503)],
  ])("all get a stale response within its window: %s", async (_, attempts, failing) => {
    const e = testEdge({ origin: () => answer("old", { "cache-control": "max-age=1, stale-if-error=60" }) });
    await e.text("/a");
    e.passes(5);
    const all = await together(e, many(20), failing);
    expect(all.every(({ text }) => text === "old")).toBe(true);
    expect(e.asked).toHaveLength(1 + attempts);
  });

  it("a body that breaks off is fetched once more", async () => {
    const e = testEdge();
    const broken = (): Response => {
      const body = new ReadableStream({ pull: (c) => c.error(new Error("reset")) });
      return answer(body, { ...CACHED, "content-length": "5" });
    };
    const start = barrier();
    const origin = inTurn(broken, () => answer("whole", CACHED));
    e.origin = async (request) => {
      await start.passed;
      return origin(request);
    };
    const leader = e.get("/a").then((response) => response.text().catch(() => "broke off"));
    const followers = many(5).map(async () => (await e.get("/a")).text());
    await turns(200);
    start.open();
    expect(await leader).toBe("broke off");
    expect(await Promise.all(followers)).toEqual(many(5).map(() => "whole"));
    expect(e.asked).toHaveLength(2);
    await e.idle();
  });

  it("a leader that never ends holds followers up no longer than their patience", async () => {
    const e = testEdge();
    e.origin = inTurn(
      () => new Promise<Response>(() => undefined),
      () => answer("mine", CACHED),
    );
    void e.get("/a");
    const follower = e.get("/a");
    await turns(200);
    e.passes(15);
    expect(await (await follower).text()).toBe("mine");
  });
});
