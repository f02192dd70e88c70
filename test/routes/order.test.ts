// Owns the proof of what an order may ask besides its targets: to be tried, to be carried out once, to be waited for; and whom it is refused.
import { describe, expect, it } from "vitest";
import { type AppOptions, testApp } from "../support/admin.ts";
import { turns } from "../support/barrier.ts";
import { sha256, wired } from "../support/wired.ts";

type Headers = Readonly<Record<string, string>>;
const OWN: Headers = { authorization: "Bearer secret" };

async function send(body: object, options: AppOptions = {}, headers = OWN) {
  const app = testApp(options);
  const response = await app.fetch("/.strata/purge", { method: "POST", headers, body: JSON.stringify(body) });
  const answer: Record<string, unknown> = await response.json();
  return { app, response, answer };
}

describe("a dry run", () => {
  it("tells what would be purged, by what, and purges nothing", async () => {
    const { app, response, answer } = await send({
      tags: ["a"],
      urls: ["shop.test/x"],
      prefixes: ["shop.test/blog*"],
      mode: "soft",
      browsers: true,
      dryRun: true,
    });
    expect([response.status, response.headers.get("cache-control"), app.purges]).toEqual([200, "no-store", []]);
    expect(answer).toEqual({
      dryRun: true,
      mode: "soft",
      would: [
        { pointer: "/tags/0", written: "a", targets: [{ kind: "tag", value: "a" }] },
        {
          pointer: "/urls/0",
          written: "shop.test/x",
          targets: [
            { kind: "url", value: "https://shop.test/x" },
            { kind: "url", value: "http://shop.test/x" },
          ],
        },
        { pointer: "/prefixes/0", written: "shop.test/blog*", targets: [{ kind: "prefix", value: "shop.test/blog" }] },
        // a tag may be on every host
        { pointer: "/browsers", written: "browsers", targets: [{ kind: "browsers", value: "" }] },
      ],
    });
  });

  it("is refused as the purge itself would be", async () => {
    expect((await send({ tags: [""], dryRun: true })).response.status).toBe(400);
    const named = JSON.stringify([{ name: "a", sha256: await sha256("a"), tags: ["a"] }]);
    const bound = { authorization: "Bearer a" };
    expect((await send({ tags: ["b"], dryRun: true }, { named }, bound)).response.status).toBe(403);
  });
});

describe("wait", () => {
  it("answers after the bound, and says that it is over", async () => {
    const app = testApp({ site: { purge: { maxLag: 30 } } });
    const body = JSON.stringify({ tags: ["a"], wait: true });
    let isAnswered = false;
    const answer = app.fetch("/.strata/purge", { method: "POST", headers: OWN, body }).then((response) => {
      isAnswered = true;
      return response.json();
    });
    await expect.poll(() => app.purges.length).toBe(1);
    await expect.poll(() => app.edge.clock.timeouts()).toBe(1);
    app.edge.clock.advance(29.999);
    await turns();
    expect(isAnswered).toBe(false);
    app.edge.clock.advance(0.001);
    expect(await answer).toMatchObject({ visible: { here: "now", everywhere: "now" } });
  });
});

describe("an Idempotency-Key", () => {
  const worker = wired([
    { name: "one", secret: "one-secret" },
    { name: "two", secret: "two-secret" },
  ]);
  const order = async (key: string, body: object, secret = "one-secret") => {
    const init = { method: "POST", headers: { "idempotency-key": key }, body: JSON.stringify(body) };
    const response = await (await worker)("/.strata/purge", secret, init);
    const answer: { readonly seq?: number; readonly replayed?: boolean } = await response.json();
    return { status: response.status, seq: answer.seq, replayed: answer.replayed };
  };

  it("carries the same order out once, whatever was purged since", async () => {
    const first = await order("k-1", { tags: ["a", "b"] });
    await order("k-2", { tags: ["a"] });
    expect(first).toEqual({ status: 200, seq: expect.any(Number), replayed: undefined });
    expect(await order("k-1", { tags: ["a", "b"] })).toEqual({ ...first, replayed: true });
    // quoted or not, and waited for or not, it is the same
    expect(await order('"k-1"', { tags: ["a", " b "], wait: false })).toEqual({ ...first, replayed: true });
  });

  it("is of its order alone: another mode, target, or word on browsers is a conflict", async () => {
    await order("k-3", { tags: ["a"] });
    for (const body of [
      { tags: ["b"] },
      { tags: ["a"], mode: "soft" },
      { tags: ["a"], browsers: true },
      { hosts: ["a"] },
      { everything: true },
    ]) {
      expect(await order("k-3", body), JSON.stringify(body)).toMatchObject({ status: body.everything ? 403 : 422 });
    }
    expect(await order("k-3", { tags: ["a"] })).toMatchObject({ status: 200, replayed: true });
  });

  it("is of its token alone", async () => {
    const [one, two] = [await order("k-4", { tags: ["a"] }), await order("k-4", { tags: ["x"] }, "two-secret")];
    expect([one.status, two.status, two.replayed]).toEqual([200, 200, undefined]);
    expect(two.seq).not.toBe(one.seq);
  });

  it("is not used up by a dry run or by what is refused", async () => {
    await order("k-5", { tags: ["a"], dryRun: true });
    await order("k-5", { tags: [""] });
    expect(await order("k-5", { tags: ["b"] })).toMatchObject({ status: 200, replayed: undefined });
  });

  it("that comes many times at once is carried out once", async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => order("k-6", { tags: ["a"] })));
    expect(new Set(all.map(({ seq }) => seq)).size).toBe(1);
    expect(all.filter(({ replayed }) => replayed).length).toBe(9);
  });

  it.each(["", '""', "a b", "a, b", "x".repeat(256), 'a"b', "ü"])("that is none is refused: %j", async (key) => {
    const { app, response } = await send({ tags: ["a"] }, {}, { ...OWN, "idempotency-key": key });
    expect([response.status, app.purges]).toEqual([400, []]);
  });
});

describe("a rate", () => {
  it("is each token's own, and says when to come back", async () => {
    const worker = await wired([
      { name: "slow", secret: "slow-secret", rate: 0.01 },
      { name: "other", secret: "other-secret", rate: 0.01 },
    ]);
    const purge = (secret: string, body = '{"tags":["a"]}', headers: Headers = {}) =>
      worker("/.strata/purge", secret, { method: "POST", body, headers });
    expect((await purge("slow-secret")).status).toBe(200);
    for (const headers of [{}, { "idempotency-key": "new" }, { "x-forwarded-for": "10.0.0.1" }]) {
      const refused = await purge("slow-secret", '{"tags":["b"]}', headers);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(90);
      expect(refused.headers.get("content-type")).toBe("application/problem+json");
    }
    // by whatever way it comes
    const method = await worker("/a", "slow-secret", { method: "PURGE" });
    const headers = { "fastly-key": "slow-secret" };
    const fastly = await worker("/.strata/fastly/service/x/purge/a", undefined, { method: "POST", headers });
    const cloudflare = await worker("/.strata/cloudflare/client/v4/zones/x/purge_cache", "slow-secret", {
      method: "POST",
      body: '{"tags":["a"]}',
    });
    for (const { status, headers } of [method, fastly, cloudflare]) {
      expect([status, headers.has("retry-after")]).toEqual([429, true]);
    }
    expect((await purge("other-secret")).status).toBe(200);
  });
});

describe("scopes", () => {
  const worker = wired([
    { name: "tags", secret: "tags-secret", tags: ["product:*"] },
    { name: "hosts", secret: "hosts-secret", hosts: ["shop.test"] },
    { name: "blog", secret: "blog-secret", prefixes: ["shop.test/blog/"] },
    { name: "plain", secret: "plain-secret" },
    { name: "reader", secret: "reader-secret", actions: ["read"] },
  ]);
  const purge = async (secret: string, body: object) => {
    const init = { method: "POST", body: JSON.stringify({ ...body, dryRun: true }) };
    const response = await (await worker)("/.strata/purge", secret, init);
    const { errors = [] }: { readonly errors?: readonly { readonly pointer: string }[] } = await response.json();
    return [response.status, ...errors.map(({ pointer }) => pointer)];
  };

  it.each<[string, object, readonly unknown[]]>([
    ["tags", { tags: ["product:7"] }, [200]],
    [
      "tags",
      { tags: ["product:7", "x", "Product:7", " product:8", "xproduct:7"] },
      [403, "/tags/1", "/tags/2", "/tags/4"],
    ],
    ["tags", { tags: ["product:7"], browsers: true }, [403, "/browsers"]],
    ["tags", { tags: ["product:7"], everything: true }, [403, "/everything"]],
    ["hosts", { hosts: ["SHOP.TEST"], urls: ["https://ｓｈｏｐ.test/"], browsers: true }, [200]],
    ["hosts", { hosts: ["shop.test."], urls: ["https://shop.test./a"] }, [200]],
    ["hosts", { hosts: ["shop.test.evil.test", "evil.test."] }, [403, "/hosts/0", "/hosts/1"]],
    ["hosts", { hosts: ["shop.test:8080"] }, [403, "/hosts/0"]],
    ["hosts", { urls: ["//evil.test/shop.test/", "https://evil.test?shop.test/"] }, [403, "/urls/0", "/urls/1"]],
    ["hosts", { urls: ["https://evil.test\\shop.test/"] }, [403, "/urls/0"]],
    ["hosts", { paths: ["/a"], prefixes: ["/"] }, [403, "/paths/0", "/prefixes/0"]],
    [
      "hosts",
      { urls: ["https://shop.test/a"], paths: ["evil.test/a"], browsers: true },
      [403, "/paths/0", "/browsers"],
    ],
    ["blog", { prefixes: ["shop.test/blog/a", "https://shop.test/x/../blog/*"] }, [200]],
    [
      "blog",
      // the second one has letters; names that begin with two dots follow below
      { prefixes: ["shop.test/blog", "shop.test/blog/..", "shop.test/blog/%2e%2E/x"] },
      [403, "/prefixes/0", "/prefixes/2"],
    ],
    ["blog", { urls: ["https://shop.test/blogs", "https://shop.test/Blog/"] }, [403, "/urls/0", "/urls/1"]],
    ["blog", { paths: ["shop.test/blog/a"], browsers: true }, [403, "/browsers"]],
    ["plain", { tags: ["a"], hosts: ["a"], prefixes: ["shop.test/"], browsers: true }, [200]],
    ["plain", { everything: true }, [403, "/everything"]],
    // everything, in other words
    [
      "plain",
      { prefixes: ["/", "/*", "/a/../", "/./", "/.", "/a"] },
      [403, "/prefixes/0", "/prefixes/1", "/prefixes/2", "/prefixes/3"],
    ],
    ["reader", { tags: ["a"] }, [403, "/tags/0"]],
  ])("%s: %j", async (name, body, expected) => {
    expect(await purge(`${name}-secret`, body)).toEqual(expected);
  });
});
