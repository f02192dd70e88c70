// Owns the proof, on the wire, that no spelling of a path or host leads past the admin door or from it to an origin.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask } from "./support/asking.ts";
import { type Shelf, startShelf } from "./support/shelf.ts";

const TOKEN = "wire-token";
const RIGHT = { authorization: `Bearer ${TOKEN}` };
const EVERYTHING = '{"everything":true}';

let shelf: Shelf;
beforeAll(async () => {
  shelf = await startShelf({ token: TOKEN });
});
beforeEach(() => shelf.fill());
afterAll(() => shelf.close());

const post = (path: string, headers: Readonly<Record<string, string>>, body = EVERYTHING) =>
  ask(shelf.edgeUrl, { method: "POST", path, headers: { host: "shop.test", ...headers } }, body);

describe("without a token", () => {
  it.each([
    "/.strata/purge",
    "/.strata/purge?token=wire-token",
    "http://shop.test/.strata/purge",
    "//shop.test/.strata/purge",
    "//.strata/purge",
    "/.strata%2fpurge",
    "/.Strata/purge",
    "/x/../.strata/purge",
    "/x/%2e%2e/.strata/purge",
    "/.strata/x/../purge",
    "/%2estrata/purge",
    "/.strata/%70urge",
    "/.strata\\purge",
    "/.strata/purge#x",
    "/.strata/purge;x",
    "/.strata/cloudflare/client/v4/zones/x/purge_cache",
    "/.strata/fastly/service/x/purge_all",
    "/.strata/fastly/purge/http://shop.test/",
  ])("%s purges nothing", async (path) => {
    for (const headers of [
      {},
      { authorization: "Bearer wrong" },
      { authorization: TOKEN },
      { "x-original-url": "/.strata/purge" },
    ]) {
      const { status } = await post(path, headers);
      // any other path is the origin's
      if (shelf.unsafe.length === 0) expect([400, 401, 403, 404]).toContain(status);
      shelf.forget();
    }
    expect(await shelf.changed()).toEqual({});
  });
});

describe("with a token", () => {
  it.each([
    "/.strata/purge/",
    "/.strata//purge",
    "/.strata/./purge",
    "/x/../.strata/purge",
    "/%2estrata/purge",
    "/.strata\\purge",
  ])("%s is the endpoint no more than to strangers, and nothing of it reaches the origin", async (path) => {
    expect((await post(path, RIGHT)).status).toBe(404);
    expect([await shelf.changed(), shelf.unsafe]).toEqual([{}, []]);
  });

  it.each(["shop.test/x", "shop.test/.strata", "shop.test?", "user@shop.test", "shop.test#", "a b"])(
    "the Host %j makes no path of it",
    async (host) => {
      expect((await post("/purge", { ...RIGHT, host })).status).toBe(400);
      const purged = await ask(shelf.edgeUrl, { method: "PURGE", path: "/blogs", headers: { ...RIGHT, host } });
      expect(purged.status).toBe(400);
      expect([await shelf.changed(), shelf.unsafe]).toEqual([{}, []]);
    },
  );

  it("a body without a length is read as far as any valid one is long", async () => {
    const chunked = { ...RIGHT, "transfer-encoding": "chunked" };
    expect((await post("/.strata/purge", chunked, '{"tags":["home"]}')).status).toBe(200);
    expect((await post("/.strata/purge", chunked, `{"tags":["${"x".repeat(9 * 2 ** 20)}"]}`)).status).toBe(413);
    expect(await shelf.changed()).toEqual({ "shop.test/": "MISS" });
  });

  it("HEAD and OPTIONS do nothing", async () => {
    for (const method of ["HEAD", "OPTIONS"]) {
      const path = "/.strata/purge";
      const seen = await ask(shelf.edgeUrl, { method, path, headers: { host: "shop.test", ...RIGHT } }, EVERYTHING);
      expect([seen.status, seen.fields.allow, seen.fields["access-control-allow-origin"]]).toEqual([
        405,
        "POST",
        undefined,
      ]);
    }
    expect(await shelf.changed()).toEqual({});
  });
});
