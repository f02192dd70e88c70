// Proves the gateway as clients meet it: the source of answers, their fields, refusals, and service without Redis.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../../../origin-mock/gateway/limits.ts";
import { until } from "../../cli/until.ts";
import { openTestGateway } from "../support/gateway.ts";
import type { GatewayShop, TestGateway } from "../support/gateway.ts";

const PRODUCT = "/api/products/7";
const PROFILE = "/api/me/profile";
const PUBLIC = {
  "Cache-Control": "public, max-age=10",
  "CDN-Cache-Control": "public, max-age=300",
  "Cache-Tag": "product:7",
};
const ALICE = { Authorization: "Bearer alice-token" };
const BOB = { Authorization: "Bearer bob-token" };
const ADMIN = { Authorization: "Bearer admin-token", "Content-Type": "application/json" };
/** Less than a follower's patience: an answer by then has waited for nobody. */
const SOON_MS = 1_000;

let bench: TestGateway;
let shop: GatewayShop;

beforeAll(async () => {
  bench = await openTestGateway();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.connection.run((client) => client.flushAll());
  shop = bench.open();
  bench.script.requests.length = 0;
  says("one");
});

function says(body: string, headers: Record<string, string> = PUBLIC, status = 200): void {
  bench.script.answer = () => new Response(body, { status, headers });
}
const ask = (headers: Record<string, string> = {}, path = PRODUCT, of = shop): Promise<Response> =>
  of.request(path, { headers });
const tiers = (response: Response): (string | null)[] => [
  response.headers.get("x-cache-gateway"),
  response.headers.get("x-cache-app"),
];
const runs = (): number => bench.script.requests.length;
const barrier = () => Promise.withResolvers<void>();

describe("reading", () => {
  test("a miss asks the application, then every process answers for a while, and says how old it is", async () => {
    const miss = await ask();
    expect([tiers(miss), miss.headers.get("age")]).toEqual([["MISS", "BYPASS"], null]);
    says("two");
    const hit = await ask({}, PRODUCT, bench.open());
    expect([await hit.text(), tiers(hit)]).toEqual(["one", ["HIT", null]]);
    expect(hit.headers.get("age")).toMatch(/^[1-5]$/);
    for (const name of ["cache-control", "cdn-cache-control", "cache-tag", "date", "content-length"]) {
      expect(hit.headers.get(name)).toBe(miss.headers.get(name));
    }
    expect(hit.headers.get("x-request-id")).not.toBe(miss.headers.get("x-request-id"));
    expect(hit.headers.get("server-timing")).toMatch(/^gateway;dur=[\d.]+;desc="hit", origin;dur=[\d.]+$/);
  });

  test("bytes and odd headers come back exactly", async () => {
    const bytes = new Uint8Array(1_000).map((_, i) => i % 256);
    bench.script.answer = () =>
      new Response(bytes, { headers: { ...PUBLIC, "Content-Type": "x/y", "X-Own": "\u00e9,  b" } });
    await ask();
    const hit = await ask();
    expect(new Uint8Array(await hit.arrayBuffer())).toEqual(bytes);
    expect([hit.headers.get("content-type"), hit.headers.get("x-own")]).toEqual(["x/y", "\u00e9,  b"]);
  });

  test("HEAD and GET share an answer, whichever comes first", async () => {
    const head = await shop.request(PRODUCT, { method: "HEAD" });
    expect([await head.text(), head.headers.get("content-length")]).toEqual(["", "3"]);
    expect([await (await ask()).text(), runs()]).toEqual(["one", 1]);
    const again = await shop.request(PRODUCT, { method: "HEAD" });
    expect([await again.text(), again.headers.get("content-length"), runs()]).toEqual(["", "3", 1]);
  });

  test("a condition is answered by the gateway, also when it has to ask first; the application sees none", async () => {
    says("one", { ...PUBLIC, ETag: '"7"' });
    const statuses = [];
    for (const tag of ['"7"', '"7"', '"6"']) {
      const response = await ask({ "If-None-Match": tag });
      statuses.push([response.status, response.headers.get("x-cache-gateway"), await response.text()]);
    }
    expect(statuses).toEqual([
      [304, "MISS", ""],
      [304, "REVALIDATED", ""],
      [200, "HIT", "one"],
    ]);
    expect(bench.script.requests.map(({ headers }) => headers.get("if-none-match"))).toEqual([null]);
  });

  test("the application sees the language that is in the key", async () => {
    for (const language of ["de-AT;q=0.9", "de", "fr", "nl"]) await ask({ "Accept-Language": language });
    expect(bench.script.requests.map(({ headers }) => headers.get("accept-language"))).toEqual(["de", "fr", "en"]);
  });

  test("the order of a query's parts makes no difference, their values do", async () => {
    for (const query of ["?page=2&limit=3", "?limit=3&page=2", "?limit=2&page=3"])
      await ask({}, `/api/products${query}`);
    expect(runs()).toBe(2);
  });

  test("parameters that the route does not read make no answers of their own, and do not reach it", async () => {
    for (const query of ["", "?bust=1", "?limit=2&bust=2", "?%ff&limit=3"]) await ask({}, `${PRODUCT}${query}`);
    for (const query of ["?bust=1&limit=3", "?limit=3&bust=2"]) await ask({}, `/api/products${query}`);
    expect(bench.script.requests.map(({ url }) => new URL(url).search)).toEqual(["", "?limit=3"]);
  });

  test.each([
    ["another method", { method: "POST" }],
    ["a part", { headers: { Range: "bytes=0-1" } }],
    ["a condition on a state", { headers: { "If-Match": '"7"' } }],
  ])("%s goes to the route as it came", async (_, init) => {
    await ask();
    expect(tiers(await shop.request(PRODUCT, init))).toEqual(["BYPASS", "BYPASS"]);
    const seen = bench.script.requests.at(-1);
    expect([seen?.method, seen?.headers.get("range"), seen?.headers.get("if-match")]).toEqual([
      "method" in init ? "POST" : "GET",
      "headers" in init ? new Headers(init.headers).get("range") : null,
      "headers" in init ? new Headers(init.headers).get("if-match") : null,
    ]);
  });

  test.each([
    ["a path without a row", "/api/cart", PUBLIC, 200, "one"],
    ["no-store", PRODUCT, { "Cache-Control": "no-store" }, 200, "one"],
    ["a cookie", PRODUCT, { ...PUBLIC, "Set-Cookie": "a=1" }, 200, "one"],
    ["an error", PRODUCT, PUBLIC, 500, "one"],
    ["a body over 256 KB", PRODUCT, PUBLIC, 200, "x".repeat(256 * 1024 + 1)],
  ])("%s is not kept, and arrives as it was", async (_, path, headers, status, body) => {
    says(body, headers, status);
    for (let i = 0; i < 2; i += 1) {
      const response = await ask({}, path);
      expect([response.status, await response.text()]).toEqual([status, body]);
    }
    expect(runs()).toBe(2);
  });

  test("a body that breaks off is an error without the lifetime of what it was part of, and not kept", async () => {
    bench.script.answer = () => new Response("on", { headers: { ...PUBLIC, "Content-Length": "3" } });
    const response = await ask();
    expect([response.status, response.headers.get("cache-control"), response.headers.get("cache-tag")]).toEqual([
      500,
      "no-store",
      null,
    ]);
    says("one");
    expect(tiers(await ask())).toEqual(["MISS", "BYPASS"]);
  });

  test("a purge by tag is obeyed by the next request, in every process", async () => {
    const other = bench.open();
    await ask();
    says("two");
    await other.gateway.cache.invalidate({ tags: ["product:7"], everything: false });
    expect(await (await ask()).text()).toBe("two");
  });

  test("an answer that was made before a purge and finished after it is not served again", async () => {
    const [asked, gate] = [barrier(), barrier()];
    bench.script.answer = async () => {
      asked.resolve();
      await gate.promise;
      return new Response("old", { headers: PUBLIC });
    };
    const slow = ask();
    await asked.promise;
    says("new");
    await bench.open().gateway.cache.invalidate({ tags: ["product:7"], everything: false });
    // Nor may who comes after the purge wait for what began before it.
    const fresh = ask();
    await until("it runs itself", () => runs() === 2, SOON_MS);
    expect(await (await fresh).text()).toBe("new");
    gate.resolve();
    expect(await (await slow).text()).toBe("old");
    expect(await (await ask()).text()).toBe("new");
  });
});

describe("people", () => {
  const own = (headers: Record<string, string>): void => {
    bench.script.answer = async ({ who }) => new Response(`of ${await who()}`, { headers });
  };
  const PRIVATE = { "Cache-Control": "private, max-age=30", Vary: "Authorization, Cookie" };

  test("share what is public, with everyone", async () => {
    await ask(ALICE);
    for (const headers of [BOB, {}, { Cookie: "sid=x" }]) expect(tiers(await ask(headers))).toEqual(["HIT", null]);
    expect((await ask(ALICE)).headers.get("cache-control")).toBe(PUBLIC["Cache-Control"]);
  });

  test("neither get nor give what is not said to be public", async () => {
    own({ "Cache-Control": "max-age=10", "CDN-Cache-Control": "max-age=60" });
    const alice = await ask(ALICE);
    expect(Object.fromEntries(alice.headers)).toMatchObject({
      "cache-control": "private, max-age=10",
      "cdn-cache-control": "private, max-age=60",
      vary: "Authorization, Cookie",
    });
    const nobody = await ask();
    expect([await nobody.text(), nobody.headers.get("cache-control")]).toEqual(["of undefined", "max-age=10"]);
    expect(await (await ask(BOB)).text()).toBe("of bob");
    expect(await (await ask(ALICE)).text()).toBe("of alice");
    expect([tiers(await ask()), runs()]).toEqual([["HIT", null], 4]);
  });

  test("have their own answers kept for themselves, however they sign in", async () => {
    own(PRIVATE);
    const cookie = { Cookie: `sid=${await bench.sessions.start("alice")}` };
    expect(await (await ask(ALICE, PROFILE)).text()).toBe("of alice");
    const hit = await ask(cookie, PROFILE);
    expect([await hit.text(), tiers(hit)]).toEqual(["of alice", ["HIT", null]]);
    expect(hit.headers.get("cache-control")).toBe("private, max-age=30");
    const bob = await ask(BOB, PROFILE);
    expect([await bob.text(), tiers(bob)]).toEqual(["of bob", ["MISS", "BYPASS"]]);
    await bench.sessions.end(cookie.Cookie.slice(4));
    expect(await (await ask(cookie, PROFILE)).text()).toBe("of undefined");
  });

  test("lose their own answers by their own tag", async () => {
    own(PRIVATE);
    await Promise.all([ask(ALICE, PROFILE), ask(BOB, PROFILE)]);
    await shop.gateway.cache.invalidate({ tags: ["user:alice"], everything: false });
    expect(tiers(await ask(ALICE, PROFILE))[0]).toBe("MISS");
    expect(tiers(await ask(BOB, PROFILE))[0]).toBe("HIT");
  });

  test("keep nothing that says no-store, and it says so still", async () => {
    own({ "Cache-Control": "no-store" });
    for (const path of [PROFILE, "/api/me/payment-methods"]) {
      await ask(ALICE, path);
      const response = await ask(ALICE, path);
      expect([response.headers.get("cache-control"), tiers(response)[1]]).toEqual(["no-store", "BYPASS"]);
    }
    expect(runs()).toBe(4);
  });

  test.each([["Bearer wrong"], ["Bearer"], ["Basic YWxpY2U6eA=="], [""]])(
    "%o is nobody, and no guest either",
    async (token) => {
      await ask();
      const response = await ask({ Authorization: token });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="shop"']);
      expect([response.headers.get("cache-control"), tiers(response)]).toEqual(["no-store", ["REFUSED", null]]);
      expect(runs()).toBe(1);
    },
  );
});

describe("many at once", () => {
  /** Runs of the route that have begun wait until they are let go. */
  const held = (make: () => Response) => {
    const gate = barrier();
    bench.script.answer = async () => {
      await gate.promise;
      return make();
    };
    return gate;
  };

  test("one runs, and all are given its answer, each with its own id", async () => {
    const gate = held(() => new Response("one", { headers: { ...PUBLIC, ETag: '"7"' } }));
    const all = Promise.all(Array.from({ length: 30 }, (_, i) => ask(i === 29 ? { "If-None-Match": '"7"' } : {})));
    await until("one runs", () => runs() === 1);
    gate.resolve();
    const answers = await all;
    expect(runs()).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 29 }, () => 200), 304]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts)).toEqual(new Set(["one", ""]));
    expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(30);
    expect(answers.filter((answer) => tiers(answer)[0] === "SHARED").length).toBeGreaterThan(0);
  });

  test("not without Redis: nobody would tell of another process's purge in between", async () => {
    await bench.server.stop();
    const gate = held(() => new Response("one", { headers: PUBLIC }));
    const before = ask();
    await until("one runs", () => runs() === 1);
    // Here another process changes the product, which this one cannot hear of.
    const after = ask();
    await until("another runs", () => runs() === 2, SOON_MS);
    gate.resolve();
    await Promise.all([before, after]);
    await bench.restart();
  });

  test.each([
    ["what may not be shared", () => new Response("one", { headers: { "Cache-Control": "no-store" } })],
    ["a failure", () => new Response("one", { status: 500 })],
  ])("%s is given to one, and each of the others runs itself", async (_, make) => {
    const gate = held(make);
    const all = [ask(), ask(), ask()];
    await until("one runs", () => runs() === 1);
    gate.resolve();
    await until("the others run", () => runs() === 3, SOON_MS);
    await Promise.all(all);
  });

  test("a leader that throws fails alone", async () => {
    const gate = barrier();
    bench.script.answer = async () => {
      if (runs() > 1) return new Response("one", { headers: PUBLIC });
      await gate.promise;
      throw new Error("it broke");
    };
    const all = [ask(), ask(), ask()];
    await until("one runs", () => runs() === 1);
    gate.resolve();
    await until("the others run", () => runs() >= 2, SOON_MS);
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 200, 500]);
  });

  test("people never wait for each other", async () => {
    const gate = held(() => new Response("one", { headers: PUBLIC }));
    const all = [ask(ALICE), ask(BOB), ask({ Cookie: "sid=x" }), ask()];
    await until("all run", () => runs() === 4, SOON_MS);
    gate.resolve();
    await Promise.all(all);
  });
});

describe("limits", () => {
  const tight = { ...LIMITS, read: { quota: 2, windowSeconds: 60 }, token: { quota: 2, windowSeconds: 60 } };
  const from = (address: string) => ({ "X-Forwarded-For": address });

  test("beyond the quota 429, with when to come again; other addresses and users are not touched", async () => {
    shop = bench.open(tight);
    for (let i = 0; i < 2; i += 1) expect((await ask(from("192.0.2.1"))).status).toBe(200);
    const refused = await ask(from("192.0.2.1"));
    expect([refused.status, refused.headers.get("content-type")]).toEqual([429, "application/problem+json"]);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "30",
      ratelimit: '"read";r=0;t=60',
      "ratelimit-policy": '"read";q=2;w=60',
      "cache-control": "no-store",
      "x-cache-gateway": "LIMITED",
    });
    expect((await ask(from("192.0.2.2"))).status).toBe(200);
    expect((await ask({ ...ALICE, ...from("192.0.2.1") })).status).toBe(200);
  });

  test("a count is told to its client, never through a cache for many", async () => {
    says("one", { "Cache-Control": "private, max-age=30" });
    expect((await ask(ALICE, PROFILE)).headers.get("ratelimit")).toMatch(/^"read";r=\d+;t=\d+$/);
    expect((await ask(ALICE, PROFILE)).headers.get("ratelimit-policy")).toBe('"read";q=10000;w=10');
    for (const headers of [PUBLIC, { "Cache-Control": "max-age=9" }, { "Cache-Control": "no-cache" }, {}]) {
      says("one", headers);
      await bench.connection.run((client) => client.flushAll());
      for (let i = 0; i < 2; i += 1) expect((await ask()).headers.has("ratelimit")).toBe(false);
    }
  });

  test("guessing tokens is counted before the authority is asked; who is known is not", async () => {
    shop = bench.open({ ...tight, read: LIMITS.read });
    await ask(ALICE);
    const statuses = [];
    for (const guess of ["a", "b", "c"]) statuses.push((await ask({ Authorization: `Bearer ${guess}` })).status);
    expect(statuses).toEqual([401, 429, 429]);
    expect((await ask(ALICE)).status).toBe(200);
    expect(await bench.connection.run((client) => client.keys("*:token:*"))).toHaveLength(4 - 1);
  });

  test("a wrong token is no way around the limit", async () => {
    shop = bench.open(tight);
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await ask({ Authorization: "Bearer guess" })).status);
    expect(statuses).toEqual([401, 401, 429]);
  });
});

describe("revoking tokens", () => {
  const revoke = (body: unknown, headers: Record<string, string> = ADMIN): Promise<Response> =>
    shop.request("/api/admin/tokens/revoke", { method: "POST", headers, body: JSON.stringify(body) });

  test.each([{ token: "alice-token" }, { username: "alice" }])("%o", async (body) => {
    expect((await ask(ALICE)).status).toBe(200);
    const response = await revoke(body);
    expect([response.status, response.headers.get("cache-control"), await response.text()]).toEqual([
      204,
      "no-store",
      "",
    ]);
    expect([(await ask(ALICE)).status, (await ask(BOB)).status]).toEqual([401, 200]);
  });

  test.each([
    ["nobody", { "Content-Type": "application/json" }, 401],
    ["alice", { ...ADMIN, ...ALICE }, 403],
  ])("%s may not", async (_, headers, status) => {
    expect((await revoke({ username: "bob" }, headers)).status).toBe(status);
    expect((await ask(BOB)).status).toBe(200);
  });

  test.each([
    ["nothing", {}, [""]],
    ["both", { token: "a", username: "b" }, [""]],
    ["no text", { token: 7 }, ["/token"]],
    ["an empty name, and more", { other: 1, username: "" }, ["/other", "/username"]],
  ])("%s is refused, with every fault", async (_, body, places) => {
    const response = await revoke(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: places.map((at) => ({ in: "body", at })) });
  });
});

// Break Redis: stay last.
describe("without Redis", () => {
  test("a hung one costs one deadline, and every request is answered by the routes", async () => {
    // One deadline can be told from four, also on a busy machine.
    shop = bench.open(LIMITS, 1_000);
    await ask(ALICE);
    bench.server.pause();
    const startMs = performance.now();
    for (const headers of [{}, ALICE, {}, { Authorization: "Bearer wrong" }]) {
      const response = await ask(headers);
      expect(response.status).toBe("Authorization" in headers && headers !== ALICE ? 401 : 200);
    }
    expect(performance.now() - startMs).toBeLessThan(3_000);
    bench.server.resume();
    await until("Redis is asked again", async () => (await ask()).headers.get("x-cache-gateway") === "HIT");
  });

  test("a dead one: routes answer, sessions fail closed, tokens are the authority's, nothing is revoked", async () => {
    const cookie = { Cookie: `sid=${await bench.sessions.start("alice")}` };
    await ask();
    await bench.server.stop();
    says("two");
    const response = await ask();
    expect([await response.text(), tiers(response)]).toEqual(["two", ["BYPASS", "BYPASS"]]);
    expect((await ask(cookie)).status).toBe(200);
    bench.script.answer = async ({ who }) => new Response(`of ${await who()}`);
    expect((await ask(cookie, PROFILE)).status).toBe(503);
    expect(await (await ask(ALICE, PROFILE)).text()).toBe("of alice");
    const init = { method: "POST", headers: ADMIN, body: '{"username":"alice"}' };
    const revoked = await shop.request("/api/admin/tokens/revoke", init);
    expect([revoked.status, revoked.headers.get("retry-after")]).toEqual([503, "5"]);
  });
});
