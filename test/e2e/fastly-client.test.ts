// Owns the proof that Fastly's own client, pointed at Strata, purges what it names, and nothing else.
import { createHash } from "node:crypto";
import { ApiClient, PurgeApi } from "fastly";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runExample } from "./support/example.ts";
import { ALL, only, type Page, type Shelf, startShelf } from "./support/shelf.ts";

const service_id = "SU1Z0isxPaozGVKXdv0eY";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const NAMED = [
  { name: "items", sha256: sha256("items-token"), tags: ["product:*"] },
  { name: "shop", sha256: sha256("shop-token"), hosts: ["shop.test"] },
  { name: "slow", sha256: sha256("slow-token"), rate: 0.01 },
];

let shelf: Shelf;
beforeAll(async () => {
  shelf = await startShelf({ token: "fastly-token", named: NAMED });
});
beforeEach(() => shelf.fill());
afterAll(() => shelf.close());

/** Each call of the client names the vendor's host itself, whatever its `basePath` is: a plugin sends it elsewhere. */
function api(token?: string): PurgeApi {
  const client = new ApiClient();
  if (token !== undefined) client.authenticate(token);
  client.plugins = [
    (request) => {
      request.url = request.url.replace("https://api.fastly.com", `${shelf.edgeUrl}/.strata/fastly`);
    },
  ];
  return new PurgeApi(client);
}
const purges = (): PurgeApi => api("fastly-token");

const OK = { status: "ok", id: expect.stringMatching(/^strata-\d+$/) };
const MODES: readonly (readonly ["MISS" | "STALE", object])[] = [
  ["MISS", {}],
  ["STALE", { fastly_soft_purge: 1 }],
];

describe.each(MODES)("fastly: %s", (state, soft) => {
  it.each<[string, readonly Page[]]>([
    ["post:1", ["shop.test/blog/1", "shop.test/blog/1?page=2"]],
    ["product:7", ["shop.test/items/7", "img.test/7.svg"]],
    ["a/b", ["shop.test/items/7"]],
    ["50%off", ["img.test/8.svg"]],
    ["caf%C3%A9", ["shop.test/items/7"]],
    ["product", []],
    ["nothing", []],
  ])("purgeTag %s", async (surrogate_key, pages) => {
    expect(await purges().purgeTag({ service_id, surrogate_key, ...soft })).toEqual(OK);
    expect(await shelf.changed()).toEqual(only(state, ...pages));
  });

  const BULK: readonly Page[] = ["shop.test/", "shop.test/items/7", "img.test/7.svg"];

  it("bulkPurgeTag by its body", async () => {
    const purge_response = { surrogate_keys: ["home", "product:7"] };
    const ids = await purges().bulkPurgeTag({ service_id, purge_response, ...soft });
    expect(ids).toEqual({ home: OK.id, "product:7": OK.id });
    expect(await shelf.changed()).toEqual(only(state, ...BULK));
  });

  it("bulkPurgeTag by the Surrogate-Key field", async () => {
    const ids = await purges().bulkPurgeTag({ service_id, surrogate_key: "home  product:7", ...soft });
    expect(ids).toEqual({ home: OK.id, "product:7": OK.id });
    expect(await shelf.changed()).toEqual(only(state, ...BULK));
  });

  it("bulkPurgeTag by both: all of it", async () => {
    const purge_response = { surrogate_keys: ["home"] };
    const ids = await purges().bulkPurgeTag({ service_id, surrogate_key: "product:7", purge_response, ...soft });
    expect(ids).toEqual({ home: OK.id, "product:7": OK.id });
    expect(await shelf.changed()).toEqual(only(state, ...BULK));
  });

  it.each<[string, readonly Page[]]>([
    ["shop.test/blog/1", ["shop.test/blog/1"]],
    ["http://shop.test/blog/1?page=2", ["shop.test/blog/1?page=2"]],
    ["https://shop.test/blog/1", []],
    ["shop.test", ["shop.test/"]],
    ["SHOP.TEST:80/x/../%62log", ["shop.test/blog"]],
  ])("purgeSingleUrl %s", async (cached_url, pages) => {
    expect(await purges().purgeSingleUrl({ cached_url, ...soft })).toEqual(OK);
    expect(await shelf.changed()).toEqual(only(state, ...pages));
  });
});

describe("fastly", () => {
  it("purgeAll", async () => {
    expect(await purges().purgeAll({ service_id })).toEqual({ status: "ok" });
    expect(await shelf.changed()).toEqual(only("MISS", ...ALL));
  });

  it("by the example in the documents", async () => {
    await runExample("docs/purge.md", "fastly", shelf.edgeUrl, "fastly-token");
    expect(await shelf.changed()).toEqual(only("STALE", "shop.test/items/7", "img.test/7.svg"));
  });
});

interface Failure {
  readonly status: number;
  readonly body: { readonly msg: string; readonly detail?: string };
  readonly response: { readonly headers: Readonly<Record<string, string>> };
  readonly error: Error;
}

/** The client's error for an answer without success. */
async function failure(call: Promise<unknown>): Promise<Failure> {
  const failed: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isFailure(failed)) throw new Error("was no failure of the API", { cause: failed });
  expect(failed.error).toBeInstanceOf(Error);
  expect(failed.response.headers["cache-control"]).toBe("no-store");
  expect(Object.keys(failed.body).filter((name) => name !== "msg" && name !== "detail")).toEqual([]);
  return failed;
}

function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "status" in value && "body" in value && "error" in value;
}

describe("a refused purge ends as the client's own error, and nothing is purged", () => {
  const refused = async (status: number, msg: string, call: Promise<unknown>): Promise<Failure> => {
    const failed = await failure(call);
    expect([failed.status, failed.body.msg]).toEqual([status, msg]);
    expect(await shelf.changed()).toEqual({});
    return failed;
  };

  it.each([undefined, "wrong", "fastly-token-", "FASTLY-TOKEN", sha256("items-token")])(
    "the token %j",
    async (token) => {
      const calls = api(token);
      for (const call of [
        () => calls.purgeTag({ service_id, surrogate_key: "home" }),
        () => calls.bulkPurgeTag({ service_id, purge_response: { surrogate_keys: ["home"] } }),
        () => calls.purgeAll({ service_id }),
        () => calls.purgeSingleUrl({ cached_url: "shop.test/" }),
      ]) {
        const { body } = await refused(401, "Provided credentials are missing or invalid", call());
        expect(body.detail).toBeUndefined();
      }
    },
  );

  it("a purge outside the token's scope", async () => {
    const msg = "You are not authorized to perform this action";
    const purge_response = { surrogate_keys: ["product:7", "home"] };
    const { body } = await refused(403, msg, api("items-token").bulkPurgeTag({ service_id, purge_response }));
    expect(body.detail).toBe("/surrogate_keys/1: this token may not purge this tag");
    await refused(403, msg, api("items-token").purgeAll({ service_id }));
    await refused(403, msg, api("items-token").purgeSingleUrl({ cached_url: "shop.test/" }));
    await refused(403, msg, api("shop-token").purgeSingleUrl({ cached_url: "img.test/7.svg?shop.test/" }));
    await refused(403, msg, api("shop-token").purgeTag({ service_id, surrogate_key: "home" }));
    await api("items-token").purgeTag({ service_id, surrogate_key: "product:8" });
    expect(await shelf.changed()).toEqual(only("MISS", "img.test/8.svg"));
  });

  it.each<[string, object, string]>([
    ["a member it does not know", { surrogate_keys: ["home"], soft: true }, "/soft: unknown member"],
    ["no list of keys", { surrogate_keys: "home" }, "/surrogate_keys: must be a list of strings"],
    ["no key at all", { surrogate_keys: [] }, "must name something: surrogate_keys"],
    [
      "keys that are none",
      { surrogate_keys: ["home", 1, "a\tb"] },
      "/surrogate_keys/1: must be a string; /surrogate_keys/2: ",
    ],
  ])("%s", async (_, body, detail) => {
    const purge_response = body as { readonly surrogate_keys: readonly string[] };
    const failed = await refused(400, "Bad request", purges().bulkPurgeTag({ service_id, purge_response }));
    expect(failed.body.detail?.slice(0, detail.length)).toBe(detail);
  });

  it("URLs that are none", async () => {
    for (const cached_url of ["ftp://shop.test/", "user@shop.test/", "*.test/", "http%3A%2F%2Fshop.test%2F"]) {
      const { body } = await refused(400, "Bad request", purges().purgeSingleUrl({ cached_url }));
      expect(body.detail).toMatch(/^[a-z]/);
    }
  });

  it("too many in too short a time, with the time to wait", async () => {
    const calls = api("slow-token");
    await calls.purgeTag({ service_id, surrogate_key: "nothing" });
    const { response } = await refused(429, "Too many requests", calls.purgeTag({ service_id, surrogate_key: "home" }));
    expect(Number(response.headers["retry-after"])).toBeGreaterThan(90);
  });
});

describe("the method PURGE", () => {
  const token = { "fastly-key": "fastly-token" };
  const bearer = { authorization: "Bearer fastly-token" };

  it.each<[string, Readonly<Record<string, string>>, "MISS" | "STALE"]>([
    ["by Fastly-Key", token, "MISS"],
    ["by bearer token", bearer, "MISS"],
    ["softly", { ...token, "fastly-soft-purge": "1" }, "STALE"],
  ])("purges its URL %s", async (_, headers, state) => {
    const answer = await shelf.send("shop.test/blog/1?page=2", "PURGE", headers);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, OK]);
    expect(answer.fields["cache-control"]).toBe("no-store");
    expect(await shelf.changed()).toEqual(only(state, "shop.test/blog/1?page=2"));
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ["no token", {}],
    ["a wrong token", { "fastly-key": "wrong" }],
    ["a wrong bearer token beside a right one", { ...token, authorization: "Bearer wrong" }],
  ])("is refused with %s", async (_, headers) => {
    const answer = await shelf.send("shop.test/blog/1", "PURGE", headers);
    expect([answer.status, answer.fields["www-authenticate"]]).toEqual([401, "Bearer"]);
    expect(await shelf.changed()).toEqual({});
  });

  it("is refused where the token is for another host", async () => {
    const headers = { authorization: "Bearer shop-token" };
    expect((await shelf.send("img.test/7.svg", "PURGE", headers)).status).toBe(403);
    expect(await shelf.changed()).toEqual({});
    expect((await shelf.send("shop.test/blogs", "PURGE", headers)).status).toBe(200);
    expect(await shelf.changed()).toEqual(only("MISS", "shop.test/blogs"));
  });

  it("reaches no origin", () => {
    expect(shelf.unsafe).toEqual([]);
  });
});

describe("where no token is configured", () => {
  let closed: Shelf;
  beforeAll(async () => {
    closed = await startShelf({ token: "" });
    await closed.fill();
  });
  afterAll(() => closed.close());

  it("PURGE is a method like any other, which the origin answers", async () => {
    const answer = await closed.send("shop.test/blogs", "PURGE", { "fastly-key": "" });
    expect([answer.status, answer.fields["x-cache"]]).toEqual([200, "BYPASS"]);
    expect(closed.unsafe).toEqual(["PURGE /blogs"]);
  });

  it("the vendors' paths do not exist", async () => {
    for (const path of [
      "fastly/service/x/purge_all",
      "fastly/purge/shop.test/",
      "cloudflare/client/v4/zones/x/purge_cache",
    ]) {
      const answer = await closed.send(`shop.test/.strata/${path}`, "POST", {
        "fastly-key": "x",
        authorization: "Bearer x",
      });
      expect(answer.status).toBe(404);
    }
    expect(await closed.changed()).toEqual(only("MISS", "shop.test/blogs"));
  });
});
