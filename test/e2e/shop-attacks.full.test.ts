// Owns the proof that the shop behind the edge withstands what caches are attacked with: deception, unkeyed input, refusals that stay.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dev, startDev } from "../../cli/dev/run.ts";
import { ask, type Seen } from "./support/asking.ts";

let dev: Dev;
let edge = "";
let session = "";

beforeAll(async () => {
  dev = await startDev({
    port: 0,
    originPort: 0,
    edges: 1,
    token: "e2e-token",
    redisUrl: undefined,
    databaseUrl: undefined,
    log: () => undefined,
  });
  edge = dev.edgeUrls[0] ?? "";
  const credentials = JSON.stringify({ username: "alice", password: "alice-password" });
  const options = { method: "POST", headers: { "content-type": "application/json" } };
  const { fields } = await ask(`${edge}/api/login`, options, credentials);
  session = fields["set-cookie"]?.[0]?.split(";")[0] ?? "";
}, 120_000);

afterAll(() => dev.close());

type Fields = Record<string, string | readonly string[]>;

/** The target goes out as it is written here, dots, slashes and all. */
const get = (path: string, headers: Fields = {}, method = "GET"): Promise<Seen> =>
  ask(edge, { path, headers: headers as Record<string, string | string[]>, method });

const SECRETS = /alice@shop\.example|Arden|4242|"username":"alice"/;
const WAYS: readonly (readonly [string, () => Fields])[] = [
  ["a token", () => ({ authorization: "Bearer alice-token" })],
  ["a session", () => ({ cookie: session })],
  ["a session among others", () => ({ cookie: `theme=dark; ${session}; lang=de` })],
  ["both", () => ({ authorization: "bearer  alice-token", cookie: session })],
];

describe.each(WAYS)("nobody else sees alice's pages with %s", (_, credentials) => {
  it.each([
    "/api/me/profile",
    "/api/me/profile?x.css",
    "/api/me/profile/x.css",
    "/api/me/profile;.css",
    "/api/me/profile%2fx.css",
    "/api/me/profile%3f.css",
    "/api/me/profile%23.js",
    "/api/me/profile%00.css",
    "/api/me/profile%0a.css",
    "/api/me/profile.css",
    "/api/me/%70rofile",
    "/api/me/../me/profile",
    "/api/products/..%2fme%2fprofile",
    "/static/..%2fapi%2fme%2fprofile",
    "/static/../api/me/profile",
    "/media/%2e%2e/api/me/profile",
    "//api/me/profile",
    "/api//me/profile",
    "/API/ME/PROFILE",
    "/api/me/orders?.png",
    "/api/me/payment-methods?cb=1",
    "/api/cart",
    "/api/cart?x.js",
  ])("%s", async (path) => {
    const hers = await get(path, credentials());
    expect(hers.said).not.toContain("stored");
    for (const headers of [
      {},
      { cookie: "sid=made-up" },
      { authorization: "Bearer bob-token" },
      { cookie: "theme=dark" },
    ]) {
      const other = await get(path, headers);
      expect(other.said).not.toMatch(/^hit/);
      expect(other.body).not.toMatch(SECRETS);
    }
    if (hers.status === 200) expect(hers.body).toMatch(/alice|payment_methods|orders/);
  });
});

describe("an attacker's unkeyed fields change nothing for others", () => {
  it.each<readonly [string, Fields]>([
    ["another host", { "x-forwarded-host": "evil.example", forwarded: "host=evil.example", "x-host": "evil.example" }],
    ["another scheme", { "x-forwarded-proto": "evil", "x-forwarded-scheme": "evil", "x-url-scheme": "evil" }],
    ["another target", { "x-original-url": "/api/evil", "x-rewrite-url": "/api/evil" }],
    ["another method", { "x-http-method-override": "DELETE", "x-method-override": "PUT" }],
    ["an id of its own", { "x-request-id": "evil-1", traceparent: `00-${"e".repeat(32)}-${"e".repeat(16)}-01` }],
    ["a device that is not", { "sec-ch-ua-mobile": "?1", "user-agent": "evil" }],
    ["the same with low lines", { x_forwarded_host: "evil.example", x_original_url: "/api/evil" }],
    ["no language", { "accept-language": `evil, ${"x-evil;q=0.9,".repeat(200)}*;q=0` }],
    ["another type and coding", { accept: "evil/evil", "accept-encoding": "evil" }],
    ["no cache, please", { "cache-control": "no-store, no-cache, max-age=0", pragma: "evil" }],
    ["cookies", { cookie: "evil=1; cart=evil; lang=evil" }],
  ])("%s", async (name, fields) => {
    for (const path of [`/api/products/60?${encodeURIComponent(name)}`, `/?${encodeURIComponent(name)}`]) {
      await get(path, fields);
      const [other, honest] = [await get(path), await get(path.split("?")[0] ?? "")];
      expect([other.status, other.body]).toEqual([200, honest.body]);
      expect(JSON.stringify(other.fields)).not.toContain("evil");
    }
  });
});

describe("a refusal that was provoked stays the provoker's", () => {
  it.each<readonly [string, Fields, string, number]>([
    ["a wrong token", { authorization: "Bearer nonsense" }, "GET", 401],
    ["two tokens", { authorization: "Bearer alice-token, Bearer bob-token" }, "GET", 401],
    ["a condition on a state", { "if-match": '"nonsense"' }, "GET", 412],
    ["a field too long", { "x-long": "x".repeat(20_000) }, "GET", 431],
    ["an unsafe method", { "content-type": "text/plain" }, "PUT", 401],
    ["a method that is not allowed", {}, "PATCH", 405],
    ["what is not a range", { range: "bytes=9-1" }, "GET", 200],
    ["what lies behind the end", { range: "bytes=99999999-" }, "GET", 416],
  ])("%s", async (name, fields, method, status) => {
    const path = `/api/products/${61 + name.length}`;
    const refused = await get(path, fields, method);
    expect(refused.status).toBe(status);
    const other = await get(path);
    expect([other.status, JSON.parse(other.body)]).toEqual([200, expect.objectContaining({ id: 61 + name.length })]);
  });

  it("also of what is wrong in the address itself", async () => {
    for (const path of [
      "/api/products/7;x",
      "/api/products/07",
      "/api/products?limit=0",
      "/api/search?q=",
      "/nothing",
    ]) {
      const refused = [await get(path), await get(path)];
      for (const { status, said, fields } of refused) {
        expect([status >= 400, fields["cache-control"]]).toEqual([true, "no-store"]);
        expect(said).not.toMatch(/^hit|stored/);
      }
    }
  });
});
