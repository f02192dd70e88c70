// Proves what every route tells caches: one table for answers and for what goes wrong, one for languages.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOCALES } from "../../../origin-mock/catalogue/locale.ts";
import { DATABASES } from "../support/databases.ts";
import { json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const PRODUCT = {
  "cache-control": "public, max-age=10",
  "cdn-cache-control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
  vary: "Accept-Language",
  "content-language": "en",
};
const LIST = {
  "cache-control": "public, max-age=5",
  "cdn-cache-control": "public, max-age=60, stale-while-revalidate=300, stale-if-error=3600",
  vary: "Accept-Language",
  "content-language": "en",
};
const CONFIDENTIAL = { "cache-control": "no-store", vary: "Authorization, Cookie" };
const NAMES = ["cache-control", "cdn-cache-control", "vary", "content-language"] as const;
type Fields = Partial<Record<(typeof NAMES)[number], string>>;

const MEDIA = { "cache-control": "public, max-age=86400" };
const ROUTES: readonly (readonly [path: string, fields: Fields, tags: RegExp, etag: boolean])[] = [
  [
    "/",
    { "cache-control": "public, no-cache", vary: "Accept-Language, Sec-CH-UA-Mobile", "content-language": "en" },
    /^shop,home$/,
    true,
  ],
  ["/static/manifest.json", { "cache-control": "public, no-cache" }, /^shop,static$/, true],
  ["/static/{shop.css}", { "cache-control": "public, max-age=31536000, immutable" }, /^shop,static$/, true],
  ["/media/bath.svg", MEDIA, /^shop,media,media:bath\.svg$/, true],
  ["/media/rain.wav", MEDIA, /^shop,media,media:rain\.wav$/, true],
  ["/api/products", LIST, /^shop,products,product-list(?:,product:\d+){24}$/, true],
  ["/api/products?category=bath&limit=2", LIST, /^shop,products,category:bath(?:,product:\d+){2}$/, true],
  ["/api/products/7", PRODUCT, /^shop,product:7,products,category:bath$/, true],
  [
    "/api/products/7/rating",
    {
      "cache-control": "public, max-age=60",
      "cdn-cache-control": "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
    },
    /^shop,product:7,ratings$/,
    true,
  ],
  [
    "/api/categories",
    {
      "cache-control": "public, max-age=60",
      "cdn-cache-control": "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
      vary: "Accept-Language",
      "content-language": "en",
    },
    /^shop,categories$/,
    true,
  ],
  [
    "/api/search?q=lamp&limit=3",
    {
      "cache-control": "public, max-age=15",
      "cdn-cache-control": "public, max-age=60, stale-while-revalidate=60, stale-if-error=600",
      vary: "Accept-Language",
      "content-language": "en",
    },
    /^shop,products,search(?:,product:\d+){3}$/,
    true,
  ],
  [
    "/api/deals?limit=3",
    {
      "cache-control": "public, max-age=5",
      "cdn-cache-control": "public, max-age=30, stale-while-revalidate=30, stale-if-error=600",
      vary: "Accept-Language",
      "content-language": "en",
    },
    /^shop,products,deals(?:,product:\d+){3}$/,
    true,
  ],
  [
    "/api/me/profile",
    { "cache-control": "private, max-age=30", vary: "Authorization, Cookie" },
    /^shop,user:alice$/,
    true,
  ],
  [
    "/api/cart",
    { "cache-control": "private, no-cache", vary: "Authorization, Cookie, Accept-Language", "content-language": "en" },
    /^shop,cart,user:alice$/,
    true,
  ],
  ["/api/me/payment-methods", CONFIDENTIAL, /^shop$/, false],
  ["/api/me/orders", CONFIDENTIAL, /^shop$/, false],
];

const ALICE = { Authorization: "Bearer alice-token" };
const NO_STORE = { "cache-control": "no-store" };
const FAULTS: readonly (readonly [
  what: string,
  method: string,
  path: string,
  status: number,
  fields: Fields,
  tags: string,
])[] = [
  [
    "a product that is not there",
    "GET",
    "/api/products/999999",
    404,
    { "cache-control": "public, max-age=10" },
    "shop,product:999999",
  ],
  [
    "its rating",
    "GET",
    "/api/products/999999/rating",
    404,
    { "cache-control": "public, max-age=10" },
    "shop,product:999999",
  ],
  ["an asset of another build", "GET", "/static/shop.000000000000.css", 404, NO_STORE, "shop"],
  ["a file that is not there", "GET", "/media/none.svg", 404, NO_STORE, "shop"],
  ["a path that is not there", "GET", "/nowhere", 404, NO_STORE, "shop"],
  ["a stranger's profile", "GET", "/api/me/profile", 401, CONFIDENTIAL, "shop"],
  ["a stranger's change of it", "PATCH", "/api/me/profile", 401, CONFIDENTIAL, "shop"],
  ["a stranger's payment methods", "GET", "/api/me/payment-methods", 401, CONFIDENTIAL, "shop"],
  ["a stranger's orders", "GET", "/api/me/orders", 401, CONFIDENTIAL, "shop"],
  ["a cart line without JSON", "PUT", "/api/cart/lines/7", 415, NO_STORE, "shop"],
  ["a stranger's order", "POST", "/api/checkout", 401, CONFIDENTIAL, "shop"],
  ["a stranger's look at flags", "GET", "/api/admin/flags", 401, NO_STORE, "shop"],
  ["a stranger's category", "PUT", "/api/categories/bath", 401, NO_STORE, "shop"],
  ["a stranger's product", "PUT", "/api/products/7", 401, NO_STORE, "shop"],
  ["a search for nothing", "GET", "/api/search?q=%20", 400, NO_STORE, "shop"],
  ["a page that is none", "GET", "/api/products?page=0", 400, NO_STORE, "shop"],
  ["deals without number", "GET", "/api/deals?limit=x", 400, NO_STORE, "shop"],
];

const METHODS: readonly (readonly [path: string, allow: string])[] = [
  ["/", "GET, HEAD"],
  ["/static/manifest.json", "GET, HEAD"],
  ["/media/bath.svg", "GET, HEAD"],
  ["/api/products", "GET, HEAD"],
  ["/api/products/7", "GET, HEAD, PUT, DELETE"],
  ["/api/products/7/rating", "GET, HEAD"],
  ["/api/categories", "GET, HEAD"],
  ["/api/categories/bath", "PUT"],
  ["/api/search", "GET, HEAD"],
  ["/api/deals", "GET, HEAD"],
  ["/api/me/profile", "GET, HEAD, PATCH"],
  ["/api/me/payment-methods", "GET, HEAD"],
  ["/api/me/orders", "GET, HEAD"],
  ["/api/cart", "GET, HEAD, DELETE"],
  ["/api/cart/lines/7", "PUT, DELETE"],
  ["/api/checkout", "POST"],
  ["/api/login", "POST"],
  ["/api/logout", "POST"],
];

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  // A cart speaks a language once there is something in it.
  beforeAll(async () => {
    const headers = { ...ALICE, "Content-Type": "application/json" };
    await shop.request("/api/cart/lines/7", { method: "PUT", headers, body: '{"quantity":1}' });
  });

  const pathOf = (path: string): string =>
    path.replace(/\{(.+)\}/, (_, name: string) => shop.assets.manifest.get(name) ?? "none");
  const get = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
    shop.request(pathOf(path), { method, headers });
  const policyOf = (response: Response): Fields =>
    Object.fromEntries(NAMES.flatMap((name) => [[name, response.headers.get(name) ?? undefined]]));
  const all = (fields: Fields): Fields => Object.fromEntries(NAMES.map((name) => [name, fields[name]]));

  test.each(ROUTES)("%s", async (path, fields, tags, etag) => {
    for (const method of ["GET", "HEAD", "GET"]) {
      const response = await get(path, ALICE, method);
      expect([response.status, policyOf(response)]).toEqual([200, all(fields)]);
      expect(response.headers.get("cache-tag")).toMatch(tags);
      expect(/^"[^"]+"$/.test(response.headers.get("etag") ?? "")).toBe(etag);
    }
  });

  test.each(ROUTES.filter(([, , , etag]) => etag))("%s, when the client has it", async (path, fields, tags) => {
    const etag = (await get(path, ALICE)).headers.get("etag") ?? "none";
    const response = await get(path, { ...ALICE, "If-None-Match": etag });
    // Cache policy, but no other metadata of what the client has (RFC 9110 15.4.5).
    const policy = { ...all(fields), "content-language": undefined };
    expect([response.status, await response.text(), policyOf(response)]).toEqual([304, "", policy]);
    expect([response.headers.get("etag"), response.headers.has("content-length")]).toEqual([etag, false]);
    expect(response.headers.get("cache-tag")).toMatch(tags);
  });

  test.each(FAULTS)("%s: %s %s is %i", async (_, method, path, status, fields, tags) => {
    const response = await get(path, {}, method);
    expect([response.status, policyOf(response)]).toEqual([status, all(fields)]);
    expect(response.headers.get("cache-tag")).toBe(tags);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.has("www-authenticate")).toBe(status === 401);
    expect(response.headers.has("etag")).toBe(false);
    expect(await json(response)).toMatchObject({ type: "about:blank", title: expect.any(String), status });
  });

  test.each(METHODS)("%s says which methods it has", async (path, allow) => {
    for (const method of ["OPTIONS", "TRACE_", "REPORT"]) {
      const response = await get(path, ALICE, method);
      expect([response.status, response.headers.get("allow"), policyOf(response)]).toEqual([405, allow, all(NO_STORE)]);
      expect(response.headers.get("cache-tag")).toBe("shop");
    }
  });

  describe("languages", () => {
    const VARYING = ROUTES.filter(([, { vary }]) => vary?.includes("Accept-Language")).map(([path]) => path);
    const FIXED = ROUTES.filter(([, { vary }]) => !vary?.includes("Accept-Language")).map(([path]) => path);

    test.each(VARYING)("%s differs in each, and its tag with it", async (path) => {
      const answers = await Promise.all(
        LOCALES.map((locale) => get(path, { ...ALICE, "Accept-Language": `${locale}-CH` })),
      );
      expect(answers.map(({ headers }) => headers.get("content-language"))).toEqual(LOCALES);
      expect(new Set(answers.map(({ headers }) => headers.get("etag"))).size).toBe(LOCALES.length);
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      expect(new Set(bodies).size).toBe(LOCALES.length);
      // A copy in German is no answer to a request in French.
      const german = answers[1]?.headers.get("etag") ?? "none";
      expect((await get(path, { ...ALICE, "Accept-Language": "fr", "If-None-Match": german })).status).toBe(200);
      expect((await get(path, { ...ALICE, "Accept-Language": "de", "If-None-Match": german })).status).toBe(304);
    });

    test.each(FIXED)("%s is the same in all", async (path) => {
      const bodies = await Promise.all(
        LOCALES.map(async (locale) => (await get(path, { ...ALICE, "Accept-Language": locale })).arrayBuffer()),
      );
      const digests = new Set(bodies.map((body) => Buffer.from(body).toString("base64")));
      expect(digests.size).toBe(1);
    });
  });

  test("the page differs by device, as its Vary says, in how much it asks for", async () => {
    const [desktop, mobile] = await Promise.all(["?0", "?1"].map((hint) => get("/", { "Sec-CH-UA-Mobile": hint })));
    expect(await desktop?.text()).toContain('data-limit="24"');
    expect(await mobile?.text()).toContain('data-limit="12"');
    expect(desktop?.headers.get("etag")).not.toBe(mobile?.headers.get("etag"));
    expect(desktop?.headers.get("accept-ch")).toBe("Sec-CH-UA-Mobile");
  });

  test("the page and its scripts name only assets that are there, under names that follow from their content", async () => {
    const manifest = await json(await get("/static/manifest.json"));
    expect(Object.keys(manifest).toSorted()).toEqual([...shop.assets.manifest.keys()].toSorted());
    const page = await get("/");
    const link = page.headers.get("link") ?? "";
    const scripts = Object.entries(manifest).filter(([name]) => name.endsWith(".js"));
    for (const [, path] of scripts) expect(link).toContain(`<${String(path)}>; rel=modulepreload`);
    const texts = [
      await page.text(),
      link,
      ...(await Promise.all(scripts.map(async ([, path]) => (await get(String(path))).text()))),
    ];
    const named = texts.join("\n").match(/(?:\/static\/|from "\.\/)[\w.-]+/g) ?? [];
    expect(named.length).toBeGreaterThan(15);
    for (const name of named) {
      expect(Object.values(manifest)).toContain(name.replace('from "./', "/static/"));
    }
  });
});
