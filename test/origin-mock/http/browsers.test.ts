// Proves what every answer tells browsers, and that no other site's page changes anything.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES } from "../support/databases.ts";
import { openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

describe.each(DATABASES.slice(0, 1))("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());

  const JSON_BODY = { "Content-Type": "application/json" };
  const ALICE = { username: "alice", password: "alice-password" };
  const signIn = (site: string | undefined): Promise<Response> =>
    shop.request("/api/login", {
      method: "POST",
      headers: { ...JSON_BODY, ...(site === undefined ? {} : { "Sec-Fetch-Site": site }) },
      body: JSON.stringify(ALICE),
    });

  test.each([
    ["a product", "GET", "/api/products/7", {}],
    ["the same from the gateway", "GET", "/api/products/7", {}],
    ["a 304", "GET", "/api/products/7", { "If-None-Match": "*" }],
    ["a private answer", "GET", "/api/me/profile", { Authorization: "Bearer alice-token" }],
    ["a refusal by the gateway", "GET", "/api/me/profile", { Authorization: "Bearer nonsense" }],
    ["a picture", "GET", "/media/bath.svg", {}],
    ["nothing", "GET", "/nothing", {}],
    ["another method", "PATCH", "/", {}],
  ])("%s is taken for nothing else, and runs nothing", async (_, method, path, headers) => {
    const response = await shop.request(path, { method, headers });
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  test("the page has a policy of its own", async () => {
    const { headers } = await shop.request("/");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
  });

  test.each(["cross-site", "same-site", "nonsense"])("a page that is %s signs nobody in or out", async (site) => {
    const out = await shop.request("/api/logout", { method: "POST", headers: { "Sec-Fetch-Site": site } });
    for (const response of [out, await signIn(site)]) {
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
    expect((await shop.request("/api/products/7", { headers: { "Sec-Fetch-Site": site } })).status).toBe(200);
  });

  test.each(["same-origin", "none", undefined])("the shop's own pages and programs do: %s", async (site) => {
    expect((await signIn(site)).status).toBe(200);
  });
});
