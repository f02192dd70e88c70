// Owns the proof that page loads, and nothing else, tell browsers of a purge, and that the cookie for it stays between the two.
import { describe, expect, it } from "vitest";
import { contentRoute } from "../../../src/routes/content.ts";
import { until } from "../../support/barrier.ts";
import { NOON_MS } from "../../support/clock.ts";
import { answer, type EdgeOptions, SHOP, type TestEdge, testEdge } from "../../support/edge.ts";

const PAGE = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
/** Every edge has obeyed; a purge of browsers is known to the second. */
const SOON = 2.001;

function shop(options: EdgeOptions = {}): TestEdge {
  return testEdge({ origin: () => answer("page", { "cache-control": "max-age=60", etag: '"1"' }), ...options });
}

async function load(e: TestEdge, fields: Record<string, string>, path = "/"): Promise<Response> {
  const response = await contentRoute(new Request(SHOP + path, { headers: fields }), e.edge, {
    waitUntil: () => undefined,
  });
  await response.clone().text();
  return response;
}

const cleared = ({ headers }: Response): readonly unknown[] => [
  headers.get("clear-site-data"),
  headers.get("set-cookie") !== null,
];

function purgeBrowsers(e: TestEdge, ...hosts: string[]): void {
  e.log.purgeTargets(
    hosts.map((value) => ({ kind: "browsers", value })),
    "hard",
    e.clock.now(),
  );
  e.passes(SOON);
}

describe("before any purge of browsers", () => {
  it("no page load sets a cookie", async () => {
    const e = shop();
    expect(cleared(await load(e, PAGE))).toEqual([null, false]);
  });
});

describe("after a purge of browsers", () => {
  it.each([
    ["of all hosts", ""],
    ["of this host", "shop.test"],
  ])("%s: a page load with a copy is answered whole, cleared, and stored by nobody", async (_, host) => {
    const e = shop();
    await load(e, PAGE);
    purgeBrowsers(e, host);
    const response = await load(e, { ...PAGE, "if-none-match": '"1"' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("page");
    expect(cleared(response)).toEqual(['"cache"', true]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("set-cookie")).toMatch(
      new RegExp(`^strata-epoch=${String(NOON_MS / 1000)}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure$`),
    );
    // other clients' answers stay as they are
    expect((await load(e, {})).headers.get("cache-control")).toBe("max-age=60");
  });

  it("of another host: nothing", async () => {
    const e = shop();
    purgeBrowsers(e, "other.test");
    expect(cleared(await load(e, { ...PAGE, "if-none-match": '"1"' }))).toEqual([null, false]);
  });

  it("is obeyed by an isolate that has not asked the log for long", async () => {
    const e = shop();
    await load(e, PAGE);
    e.passes(3600);
    e.log.purgeTargets([{ kind: "browsers", value: "" }], "hard", e.clock.now() - 2000);
    expect(cleared(await load(e, { ...PAGE, cookie: "strata-epoch=0" }))).toEqual(['"cache"', true]);
  });

  it.each<[string, Record<string, string>]>([
    ["an asset", { "sec-fetch-mode": "no-cors", "if-none-match": '"1"' }],
    ["a fetch by a script", { "sec-fetch-mode": "cors", "if-none-match": '"1"' }],
    ["a client that is no browser", { "if-none-match": '"1"' }],
    ["a frame, which may be in another site's page", { ...PAGE, "sec-fetch-dest": "iframe", "if-none-match": '"1"' }],
  ])("%s gets no Clear-Site-Data", async (_, fields) => {
    const e = shop();
    purgeBrowsers(e, "");
    expect(cleared(await load(e, fields))).toEqual([null, false]);
  });

  it.each(["POST", "HEAD"])(
    "a %s gets no Clear-Site-Data: another site's form comes without the cookie",
    async (method) => {
      const e = shop();
      purgeBrowsers(e, "");
      const request = new Request(`${SHOP}/`, { method, headers: PAGE });
      expect(cleared(await contentRoute(request, e.edge, { waitUntil: () => undefined }))).toEqual([null, false]);
    },
  );

  it("a page load waits until every edge obeys, so that the browser fetches new responses", async () => {
    const e = shop();
    await load(e, PAGE);
    e.passes(2);
    e.log.purgeTargets([{ kind: "browsers", value: "" }], "hard", e.clock.now());
    await e.catchesUp();
    const loading = load(e, { ...PAGE, cookie: "strata-epoch=0" });
    await until(() => e.clock.timeouts() === 1, "it waits");
    e.passes(1.9);
    expect(e.clock.timeouts()).toBe(1);
    e.passes(0.1);
    expect(cleared(await loading)).toEqual(['"cache"', true]);
  });

  it("of two purges in one second, the second also clears a browser that came between them", async () => {
    let version = 1;
    const e = shop({ origin: () => answer(`page ${String(version)}`, { "cache-control": "max-age=60" }) });
    await load(e, PAGE);
    e.passes(2);
    const purgeAll = async (): Promise<void> => {
      e.log.purgeTargets(
        [
          { kind: "browsers", value: "" },
          { kind: "everything", value: "" },
        ],
        "hard",
        e.clock.now(),
      );
      await e.catchesUp();
    };
    await purgeAll();
    const loading = load(e, { ...PAGE, cookie: "strata-epoch=0" });
    await until(() => e.clock.timeouts() === 1, "it waits");
    e.passes(0.9);
    version = 2;
    await purgeAll();
    e.passes(1.1);
    const response = await loading;
    expect(cleared(response)).toEqual(['"cache"', true]);
    expect(await response.text()).toBe("page 2");
  });

  it("a strict site waits a second, too: clocks differ, and the log's may be in the purge's second still", async () => {
    const e = shop({ site: { purge: { maxLag: 0 } } });
    await load(e, PAGE);
    e.passes(2);
    e.log.purgeTargets([{ kind: "browsers", value: "" }], "hard", e.clock.now());
    const loading = load(e, { ...PAGE, cookie: "strata-epoch=0" });
    await until(() => e.clock.timeouts() === 1, "it waits");
    e.passes(1.9);
    expect(e.clock.timeouts()).toBe(1);
    e.passes(0.1);
    expect(cleared(await loading)).toEqual(['"cache"', true]);
  });

  it("if that is far off, no page load waits, and none is cleared yet", async () => {
    const e = shop({ site: { purge: { maxLag: 30 } } });
    await load(e, PAGE);
    e.log.purgeTargets([{ kind: "browsers", value: "" }], "hard", e.clock.now());
    await e.catchesUp();
    const page = { ...PAGE, cookie: "strata-epoch=0" };
    expect(cleared(await load(e, page))).toEqual([null, false]);
    e.passes(31);
    expect(cleared(await load(e, page))).toEqual(['"cache"', true]);
  });

  it("a browser that refuses cookies is never cleared, however often it comes", async () => {
    const e = shop();
    purgeBrowsers(e, "");
    for (const _ of [1, 2, 3]) {
      const response = await load(e, PAGE);
      expect(cleared(response)).toEqual([null, true]);
      // so it can have no copy to ask with
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("a page that bypasses the cache clears, too", async () => {
    const e = shop({ site: { rules: [{ match: "/*", bypass: true }] } });
    purgeBrowsers(e, "");
    expect(cleared(await load(e, { ...PAGE, cookie: "strata-epoch=0" }))).toEqual(['"cache"', true]);
  });
});

describe("the epoch cookie", () => {
  it("reaches no origin, makes no session and no variant", async () => {
    const e = shop({
      site: { session: { cookies: ["strata-*"] }, rules: [{ match: "/*", vary: { cookies: ["a", "strata-epoch"] } }] },
    });
    await load(e, { cookie: "strata-epoch=1; a=1" });
    expect(e.asked.at(-1)?.headers.get("cookie")).toBe("a=1");
    expect((await load(e, { cookie: "a=1; strata-epoch=2" })).headers.get("x-cache")).toBe("HIT");
    await load(e, { cookie: "strata-epoch=1" }, "/alone");
    expect(e.asked.at(-1)?.headers.has("cookie")).toBe(false);
  });
});
