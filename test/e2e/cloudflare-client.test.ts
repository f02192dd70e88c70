// Owns the proof that Cloudflare's own client, pointed at Strata, purges what it names, and nothing else.
import { createHash } from "node:crypto";
import Cloudflare, { APIError } from "cloudflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runExample } from "./support/example.ts";
import { ALL, only, type Page, type Shelf, startShelf } from "./support/shelf.ts";

const zone_id = "023e105f4ecef8ad9ca31a8372d0c353";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const NAMED = [
  { name: "blog", sha256: sha256("blog-token"), prefixes: ["shop.test/blog/"] },
  { name: "slow", sha256: sha256("slow-token"), rate: 0.01 },
];

let shelf: Shelf;
beforeAll(async () => {
  shelf = await startShelf({ token: "cloudflare-token", named: NAMED });
});
beforeEach(() => shelf.fill());
afterAll(() => shelf.close());

const clientOf = (auth: ConstructorParameters<typeof Cloudflare>[0]): Cloudflare =>
  new Cloudflare({ baseURL: `${shelf.edgeUrl}/.strata/cloudflare/client/v4`, maxRetries: 0, ...auth });
const client = (): Cloudflare => clientOf({ apiToken: "cloudflare-token" });

type Purge = Parameters<Cloudflare["cache"]["purge"]>[0];
/** Also what the client's types do not let pass. */
const asked = (what: object): Purge => ({ zone_id, ...what });
const PURGES: readonly (readonly [string, object, readonly Page[]])[] = [
  ["files", { files: ["http://shop.test/blog/1"] }, ["shop.test/blog/1"]],
  ["files with a query", { files: ["http://shop.test/blog/1?page=2"] }, ["shop.test/blog/1?page=2"]],
  ["files of another scheme", { files: ["https://shop.test/blog/1"] }, []],
  [
    "files with the headers of a variant",
    { files: [{ url: "http://img.test/7.svg", headers: { "CF-Device-Type": "mobile" } }] },
    ["img.test/7.svg"],
  ],
  [
    "files of both kinds",
    { files: ["http://shop.test/blog", { url: "http://shop.test/" }] },
    ["shop.test/", "shop.test/blog"],
  ],
  [
    "tags",
    { tags: ["product:7", "post:1", "nothing"] },
    ["shop.test/blog/1", "shop.test/blog/1?page=2", "shop.test/items/7", "img.test/7.svg"],
  ],
  ["a tag beyond ASCII", { tags: ["café"] }, ["shop.test/items/7"]],
  ["hosts", { hosts: ["img.test"] }, ["img.test/7.svg", "img.test/8.svg"]],
  ["prefixes", { prefixes: ["shop.test/blog/"] }, ["shop.test/blog/1", "shop.test/blog/1?page=2"]],
  [
    "prefixes that end within a segment",
    { prefixes: ["shop.test/blog"] },
    ["shop.test/blog", "shop.test/blog/1", "shop.test/blog/1?page=2", "shop.test/blogs"],
  ],
  ["everything", { purge_everything: true }, ALL],
];

describe("cloudflare.cache.purge", () => {
  it.each(PURGES)("by %s", async (_, what, pages) => {
    expect(await client().cache.purge(asked(what))).toEqual({ id: zone_id });
    expect(await shelf.changed()).toEqual(only("MISS", ...pages));
  });

  it("by several selectors at once, and with the account's key in the place of a token", async () => {
    const byKey = clientOf({ apiKey: "cloudflare-token", apiEmail: "someone@shop.test" });
    await byKey.cache.purge(asked({ tags: ["product:8"], hosts: ["shop.test:80"] }));
    expect(await shelf.changed()).toEqual(only("MISS", ...ALL.filter((page) => page !== "img.test/7.svg")));
  });
});

it("purges by the example in the documents", async () => {
  await runExample("docs/purge.md", "cloudflare", shelf.edgeUrl, "cloudflare-token");
  expect(await shelf.changed()).toEqual(only("MISS", "shop.test/items/7", "img.test/7.svg"));
});

describe("cloudflare.cache.invalidate", () => {
  it.each(PURGES)("makes stale, by %s", async (_, what, pages) => {
    expect(await client().cache.invalidate(asked(what))).toEqual({ id: zone_id });
    expect(await shelf.changed()).toEqual(only("STALE", ...pages));
  });
});

async function failure(call: Promise<unknown>): Promise<APIError> {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof APIError)) throw new Error("was no failure of the API", { cause: error });
  expect(error.error).toEqual({ success: false, errors: error.errors, messages: [], result: null });
  expect(error.headers?.get("cache-control")).toBe("no-store");
  return error;
}

describe("a refused purge ends as the client's own error, and nothing is purged", () => {
  const refused = async (
    kind: unknown,
    status: number,
    code: number,
    call: () => Promise<unknown>,
  ): Promise<APIError> => {
    const error = await failure(call());
    expect(error).toBeInstanceOf(kind);
    expect([error.status, error.errors[0]?.code]).toEqual([status, code]);
    expect(await shelf.changed()).toEqual({});
    return error;
  };
  const purge = (what: object, by = client()) => by.cache.purge(asked(what));

  it.each(["", "wrong", "cloudflare-token-", "CLOUDFLARE-TOKEN", sha256("blog-token")])(
    "the token %j",
    async (apiToken) => {
      const { PermissionDeniedError } = Cloudflare;
      const error = await refused(PermissionDeniedError, 403, 9109, () =>
        purge({ tags: ["home"] }, clientOf({ apiToken })),
      );
      expect(error.errors).toHaveLength(1);
    },
  );

  it.each<[string, object, number, readonly string[]]>([
    ["a member it does not know", { tags: ["home"], dry_run: true }, 1016, ["/dry_run"]],
    ["two members it does not know", { everything: true, urls: [] }, 1016, ["/everything", "/urls"]],
    ["an empty object", {}, 1012, []],
    ["empty lists", { files: [], tags: [] }, 1012, []],
    ["purge_everything that is not true", { purge_everything: false }, 1016, ["/purge_everything"]],
    ["tags that are no list", { tags: "home" }, 1016, ["/tags"]],
    ["tags that are none", { tags: ["home", 1, "a\tb"] }, 1016, ["/tags/1", "/tags/2"]],
    ["files that are none", { files: ["/blog", "ftp://shop.test/"] }, 1016, ["/files/0", "/files/1"]],
    ["files without a URL", { files: ["http://shop.test/", { headers: {} }, 1] }, 1016, ["/files/1", "/files/2"]],
    ["too many files", { files: Array.from({ length: 1001 }, () => "http://shop.test/") }, 1016, ["/files"]],
    ["a file with a member it does not know", { files: [{ url: "http://shop.test/", host: "x" }] }, 1016, ["/files/0"]],
    ["prefixes with a query", { prefixes: ["shop.test/blog?page"] }, 1016, ["/prefixes/0"]],
    ["hosts with a path", { hosts: ["shop.test/blog"] }, 1016, ["/hosts/0"]],
    ["too many", { tags: Array.from({ length: 1001 }, () => "t") }, 1016, ["names 1001 targets"]],
    [
      "too many of several kinds",
      { tags: Array.from({ length: 1000 }, () => "t"), hosts: ["shop.test"] },
      1016,
      ["names 1001 targets"],
    ],
  ])("%s", async (_, what, code, places) => {
    const error = await refused(Cloudflare.BadRequestError, 400, code, () => purge(what));
    const found = error.errors.map(({ message = "" }) => message.split(":", 1)[0]);
    if (places.length > 0) expect(found.sort()).toEqual([...places].sort());
  });

  it("a purge outside the token's scope", async () => {
    const by = clientOf({ apiToken: "blog-token" });
    const { PermissionDeniedError } = Cloudflare;
    for (const what of [
      { tags: ["blog"] },
      { hosts: ["shop.test"] },
      { prefixes: ["shop.test/blog"] },
      { prefixes: ["shop.test/blog/../"] },
      { files: ["http://shop.test/blog/%2e%2e/items/7"] },
      { files: ["http://shop.test/blog/1", "http://img.test/shop.test/blog/1"] },
      { purge_everything: true },
    ]) {
      await refused(PermissionDeniedError, 403, 10000, () => purge(what, by));
    }
    await purge({ prefixes: ["SHOP.test/blog/x/../"] }, by);
    expect(await shelf.changed()).toEqual(only("MISS", "shop.test/blog/1", "shop.test/blog/1?page=2"));
  });

  it("too many in too short a time, with the time to wait", async () => {
    const by = clientOf({ apiToken: "slow-token" });
    await purge({ tags: ["nothing"] }, by);
    const error = await refused(Cloudflare.RateLimitError, 429, 971, () => purge({ tags: ["home"] }, by));
    expect(Number(error.headers?.get("retry-after"))).toBeGreaterThan(90);
  });

  it("features that Strata does not have: environments, other resources", async () => {
    const { NotFoundError } = Cloudflare;
    const params = { zone_id, tags: ["home"] };
    await refused(NotFoundError, 404, 7003, () => client().cache.purgeEnvironment("e", params));
    await refused(NotFoundError, 404, 7003, () => client().zones.get({ zone_id }));
    expect(shelf.unsafe).toEqual([]);
  });
});
