// Owns the proof of the README's promises, through `npm start`'s own code: two edges, the shop, Redis and Postgres.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dev, startDev } from "../../cli/dev/run.ts";
import { until } from "../cli/until.ts";

const TOKEN = "e2e-token";
let dev: Dev;
let here = "";
let there = "";

beforeAll(async () => {
  dev = await startDev({
    port: 0,
    originPort: 0,
    edges: 2,
    token: TOKEN,
    redisUrl: undefined,
    databaseUrl: undefined,
    log: () => undefined,
  });
  [here = "", there = ""] = dev.edgeUrls;
}, 120_000);

afterAll(() => dev.close());

interface Answer {
  readonly status: number;
  readonly cacheStatus: string;
  readonly fields: Headers;
  readonly json: Record<string, unknown>;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const json = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
  return {
    status: response.status,
    cacheStatus: response.headers.get("cache-status") ?? "",
    fields: response.headers,
    json,
  };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

function update(edge: string, id: number, priceCents: number): Promise<Answer> {
  return ask(`${edge}/api/products/${id}`, {
    method: "PUT",
    headers: { ...bearer("admin-token"), "content-type": "application/json", prefer: "wait=5" },
    body: JSON.stringify({ price_cents: priceCents }),
  });
}

describe("a product", () => {
  it("is a miss, then a hit from memory, on each edge", async () => {
    for (const edge of [here, there]) {
      expect((await ask(`${edge}/api/products/11`)).cacheStatus).toMatch(
        /^strata; fwd=uri-miss; fwd-status=200; stored;/,
      );
      const hit = await ask(`${edge}/api/products/11`);
      expect(hit.cacheStatus).toMatch(/^strata; hit; ttl=\d+; detail=fresh\/memory$/);
      expect(hit.fields.get("x-cache")).toBe("HIT");
      expect(hit.fields.get("age")).toMatch(/^\d+$/);
      expect(hit.json).toMatchObject({ id: 11 });
    }
  });

  it("comes with a validator, and a 304 for who has it", async () => {
    const etag = (await ask(`${here}/api/products/12`)).fields.get("etag") ?? "";
    const again = await ask(`${here}/api/products/12`, { headers: { "if-none-match": etag } });
    expect([again.status, again.fields.get("etag")]).toEqual([304, etag]);
  });

  it("shows no tag to clients", async () => {
    const { fields } = await ask(`${here}/api/products/13`);
    expect(fields.get("cache-tag")).toBeNull();
  });

  it("is answered by the origin's gateway when another edge asks for it", async () => {
    await ask(`${here}/api/products/14`);
    expect((await ask(`${there}/api/products/14`)).fields.get("x-cache-gateway")).toBe("HIT");
  });
});

describe("private pages", () => {
  it.each(["alice", "bob"])("the profile of %s is never another's", async (user) => {
    for (const edge of [here, there, here, there]) {
      const profile = await ask(`${edge}/api/me/profile`, { headers: bearer(`${user}-token`) });
      expect(profile.json["username"]).toBe(user);
      expect(profile.cacheStatus).not.toMatch(/hit|stored/);
    }
    expect((await ask(`${here}/api/me/profile`)).status).toBe(401);
  });

  it("payment methods are not stored", async () => {
    const headers = bearer("alice-token");
    for (let i = 0; i < 2; i++) {
      const { status, cacheStatus } = await ask(`${here}/api/me/payment-methods`, { headers });
      expect([status, cacheStatus]).toEqual([200, "strata; fwd=uri-miss; fwd-status=200; detail=uri-miss/no-store"]);
    }
  });

  it("a visitor signed in by cookie shares public pages, and nothing else", async () => {
    const signIn = await fetch(`${here}/api/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "bob", password: "bob-password" }),
    });
    const cookie = (signIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect(cookie).toMatch(/^sid=/);
    await ask(`${here}/api/products/15`);
    expect((await ask(`${here}/api/products/15`, { headers: { cookie } })).cacheStatus).toContain("hit");
    const profile = await ask(`${here}/api/me/profile`, { headers: { cookie } });
    expect(profile.json["username"]).toBe("bob");
    expect(profile.fields.get("cache-control")).toContain("private");
  });
});

describe("an update in Postgres", () => {
  it("is visible on the next request here, and within a second on the other edge", async () => {
    await Promise.all([here, there].map((edge) => ask(`${edge}/api/products/21`)));
    const updated = await update(here, 21, 4321);
    expect(updated.json).toMatchObject({
      invalidation: { application: { status: "done" }, cdn: { status: "done" } },
    });
    const doneAtMs = Date.now();
    expect((await ask(`${here}/api/products/21`)).json["price_cents"]).toBe(4321);
    const seen = await until("the other edge obeys", async () => {
      const { json } = await ask(`${there}/api/products/21`);
      return json["price_cents"] === 4321 ? Date.now() - doneAtMs : undefined;
    });
    expect(seen).toBeLessThan(3000);
  });

  it("through the other edge is visible there at once", async () => {
    await ask(`${there}/api/products/22`);
    await update(there, 22, 1234);
    expect((await ask(`${there}/api/products/22`)).json["price_cents"]).toBe(1234);
  });
});

describe("purge by tag", () => {
  const purge = (tags: unknown, token = TOKEN): Promise<Answer> =>
    ask(`${here}/.strata/purge`, { method: "POST", headers: bearer(token), body: JSON.stringify({ tags }) });

  it("makes a hit a miss, here at once", async () => {
    await ask(`${here}/api/products/31`);
    expect((await ask(`${here}/api/products/31`)).cacheStatus).toContain("hit");
    const receipt = await purge(["product:31"]);
    expect(receipt.json).toMatchObject({
      mode: "hard",
      targets: 1,
      visible: { here: "now", everywhereWithinMs: 1000 },
    });
    expect((await ask(`${here}/api/products/31`)).cacheStatus).toContain("detail=purged");
  });

  it("needs the token and a sound body", async () => {
    expect((await purge(["a"], "wrong")).status).toBe(401);
    const refused = await purge(["", 1]);
    expect(refused.status).toBe(400);
    expect(refused.json["errors"]).toHaveLength(2);
  });
});

describe("restarting the isolates", () => {
  it("empties memory; the colo still hits, and obeys what was purged before", async () => {
    for (const id of [41, 42]) await ask(`${here}/api/products/${id}`);
    await until("the colo has them", async () => {
      await dev.restart();
      const { cacheStatus } = await ask(`${here}/api/products/41`);
      return /hit.*fresh\/(?:colo|global)/.test(cacheStatus) ? cacheStatus : undefined;
    });
    await ask(`${here}/.strata/purge`, {
      method: "POST",
      headers: bearer(TOKEN),
      // until every isolate obeys, those to come included
      body: JSON.stringify({ tags: ["product:42"], wait: true }),
    });
    await dev.restart();
    expect((await ask(`${here}/api/products/42`)).cacheStatus).not.toContain("hit");
  });
});
