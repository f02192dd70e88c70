// Owns the proof that the admin prefix is ours: nothing below it reaches an origin, and it shows nothing to strangers.
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { appWith, testApp } from "../support/admin.ts";

const ALLOWED = { authorization: "Bearer secret" };
const PATHS = ["/.strata", "/.strata/", "/.strata/purge", "/.strata/purge/x", "/.strata/stored/00", "/.strata/unknown"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"];

it("answers a failure of its own with a problem, and reports it", async () => {
  const reports: Error[] = [];
  const app = createApp(
    () => {
      throw new Error("no binding");
    },
    (error) => void reports.push(error),
  );
  const response = await app.fetch(new Request("http://shop.test/a"), {}, createExecutionContext());
  expect([response.status, response.headers.get("content-type")]).toEqual([500, "application/problem+json"]);
  expect(await response.text()).not.toContain("no binding");
  expect(reports.map(({ cause }) => cause)).toEqual([new Error("no binding")]);
});

describe("admin paths", () => {
  it.each(PATHS)("%s never reaches an origin, by any method, with or without a token", async (path) => {
    const app = testApp();
    for (const method of METHODS) {
      for (const headers of [{}, ALLOWED]) {
        const response = await app.fetch(path, { method, headers });
        expect([400, 401, 404, 405], `${method} ${path}`).toContain(response.status);
      }
    }
    expect(app.edge.asked).toHaveLength(0);
    expect(app.purges).toHaveLength(0);
  });

  it("answers strangers 401 without detail, alike for paths that are and are not", async () => {
    const app = testApp();
    const bodies = new Set<string>();
    for (const path of ["/.strata/purge", "/.strata/unknown"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic c2VjcmV0" }]) {
        const response = await app.fetch(path, { method: "POST", headers, body: "{}" });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        bodies.add(await response.text());
      }
    }
    expect(bodies.size).toBe(1);
    expect([...bodies].join()).not.toMatch(/secret|wrong/);
  });

  it.each([
    ["no token is configured", undefined],
    ["the token is empty", ""],
    ["the token is the default of development", "dev-token"],
  ])("does not exist where %s", async (_, token) => {
    const app = appWith(token, false);
    for (const authorization of ["", "Bearer ", "Bearer dev-token", "Bearer undefined"]) {
      const response = await app.fetch("/.strata/purge", {
        method: "POST",
        headers: { authorization },
        body: '{"tags":["a"]}',
      });
      expect(response.status).toBe(404);
      expect(response.headers.get("www-authenticate")).toBeNull();
    }
    expect(app.purges).toHaveLength(0);
    expect(app.edge.asked).toHaveLength(0);
  });

  it("takes the default token in development", async () => {
    const app = appWith("dev-token", true);
    const headers = { authorization: "Bearer dev-token" };
    expect((await app.fetch("/.strata/purge", { method: "POST", headers, body: '{"tags":["a"]}' })).status).toBe(200);
  });

  it("tells anybody that it is alive, and stores nothing of it", async () => {
    const response = await testApp().fetch("/.strata/health");
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("leaves other paths to the origin", async () => {
    const app = testApp();
    for (const path of ["/", "/strata/purge", "/.stratax", "/a/.strata/purge"]) {
      expect((await app.fetch(path)).status).toBe(200);
    }
    expect(app.edge.asked).toHaveLength(4);
  });
});
