// Owns the proof of the effect of request fields on a fetch that may be stored: fields of honest clients cost no hit, and nothing unkeyed is stored.
import { describe, expect, it } from "vitest";
import { answer, type Origin, type TestEdge } from "../support/edge.ts";
import { detail, warm } from "../support/warm.ts";
import { CLIENTS } from "../support/clients.ts";

const CACHED = { "cache-control": "max-age=60" };

/** An origin that answers with all the fields it received. */
const mirror =
  (fields: Record<string, string> = {}): Origin =>
  ({ headers }) =>
    answer(JSON.stringify(Object.fromEntries(headers)), { ...CACHED, ...fields });

const cacheOf = async (e: TestEdge, path: string, headers: HeadersInit = {}): Promise<string | null> =>
  (await e.text(path, { headers })).response.headers.get("x-cache");

describe("fields that clients send by default cost no hit", () => {
  it.each(CLIENTS)("%s", async (_, headers) => {
    const e = await warm({ origin: mirror() });
    expect([await cacheOf(e, "/a", headers), await cacheOf(e, "/a", headers)]).toEqual(["MISS", "HIT"]);
    // every client sends the field
    expect(await cacheOf(e, "/a", { "user-agent": "another" })).toBe("HIT");
  });

  it.each(CLIENTS)("%s, also where the site refuses every unknown field", async (_, headers) => {
    const e = await warm({ site: { fields: { unknown: "unshared" } }, origin: mirror() });
    expect([await cacheOf(e, "/a", headers), await cacheOf(e, "/a", headers)]).toEqual(["MISS", "HIT"]);
  });

  it.each(CLIENTS)("%s, with trackers and consent", async (_, fields) => {
    const e = await warm({ origin: mirror() });
    const headers = { ...fields, cookie: "_ga=GA1.1.1; _ga_X=1; CookieConsent=yes; __cf_bm=x; _fbp=y; AWSALB=z" };
    expect([await cacheOf(e, "/a", headers), await cacheOf(e, "/a", headers)]).toEqual(["MISS", "HIT"]);
    expect(e.asked[0]?.headers.get("cookie")).toBeNull();
  });
});

describe("a field that is dropped", () => {
  const DROPPED =
    `X-Forwarded-Host X-Forwarded-For X-Forwarded-Foo X-Forwarded X-Original-URL X-Original-Anything X-Rewrite-URL
    X-Rewrite-Foo X-HTTP-Method-Override X-HTTP-Method X-Method-Override X-HTTP-Host-Override X-Host X-Forwarded-Server Forwarded
    Client-IP True-Client-IP X-Real-IP X-Client-IP X-Cluster-Client-IP X-Remote-IP X-Remote-User Remote-User X-Originating-IP
    CF-Connecting-IP CF-IPCountry CF-Anything Proxy X-Middleware-Subrequest X-Middleware-Foo X-Invoke-Path X-Invoke-Foo X-NextJS-Data
    X-Nextjs-Foo X-Accel-Redirect X-Accel-Internal X-Sendfile-Type Surrogate-Capability X-WAWS-Unencoded-URL Referer From Prefer Expect
    Fastly-Client-IP Akamai-Origin-Hop X-Envoy-Original-Path X-Auth-Request-User X-Goog-Authenticated-User-Email X-MS-Client-Principal
    X-Matched-Path X-Now-Route-Matches X-Vercel-Id Translate A-IM Max-Forwards X-Url-Scheme Front-End-Https`.split(
      /\s+/,
    );

  it.each(DROPPED)("%s: in no spelling", async (name) => {
    for (const spelling of [
      name,
      name.toLowerCase(),
      name.replaceAll("-", "_"),
      name.replace("-", "_"),
      name.replaceAll("-", "."),
    ]) {
      const e = await warm({ origin: mirror() });
      const { response, text } = await e.text("/a", { headers: { [spelling]: "evil" } });
      expect(text, spelling).not.toContain("evil");
      expect(detail(response), spelling).toBe("uri-miss");
    }
  });

  it.each(["Referer", "Prefer", "CF-Connecting-IP"])(
    "%s goes along where the request passes by the cache",
    async (name) => {
      const e = await warm({ origin: mirror() });
      expect((await e.text("/a", { method: "POST", headers: { [name]: "mine" } })).text).toContain("mine");
    },
  );

  it.each(["X-Forwarded-Host", "X_Original_URL", "Remote-User"])("%s stays behind even then", async (name) => {
    const e = await warm({ origin: mirror() });
    expect((await e.text("/a", { method: "POST", headers: { [name]: "evil" } })).text).not.toContain("evil");
  });
});

describe("an unknown field", () => {
  it.each(["X-Anything", "x_anything", "X-Theme", "X-Country", "X-Debug"])(
    "%s is forwarded, and then nothing is stored",
    async (name) => {
      const e = await warm({ origin: mirror() });
      const { response, text } = await e.text("/a", { headers: { [name]: "evil" } });
      expect(text).toContain("evil");
      expect(detail(response)).toBe("uri-miss/unkeyed-field");
      expect(response.headers.get("cache-control")).toBe("max-age=60, private");
      expect((await e.text("/a")).text).not.toContain("evil");
    },
  );

  it("reads the response stored for everybody", async () => {
    const e = await warm({ origin: mirror() });
    await e.text("/a");
    expect(await cacheOf(e, "/a", { "x-anything": "1" })).toBe("HIT");
  });

  it.each<[string, Record<string, string>, object]>([
    ["the answer's Vary names it", { vary: "X-Theme" }, {}],
    ["a rule lists its values", {}, { rules: [{ match: "/*", vary: { headers: { "X-Theme": ["dark"] } } }] }],
    ["a rule counts it as plain", {}, { rules: [{ match: "/*", fields: { plain: ["x-th*"] } }] }],
    ["the site counts it as plain", {}, { fields: { plain: ["X-Theme"] } }],
    ["a rule drops it", {}, { rules: [{ match: "/*", fields: { drop: ["X-Theme"] } }] }],
    ["the site keys it as a mark", {}, { fields: { fragments: ["X-Theme"] } }],
  ])("is stored where %s", async (_, fields, site) => {
    const e = await warm({ site, origin: mirror(fields) });
    const headers = { "x-theme": "dark" };
    expect([await cacheOf(e, "/a", headers), await cacheOf(e, "/a", headers)]).toEqual(["MISS", "HIT"]);
    expect(e.asked[0]?.headers.get("x-theme")).toBe(JSON.stringify(site).includes("drop") ? null : "dark");
  });

  it.each(["x-*", "x_f*", "*host", "*-key"])("passes no guarded field for the pattern %j", async (pattern) => {
    const e = await warm({ site: { fields: { plain: [pattern] } }, origin: mirror() });
    const sent = await e.text("/a", { headers: { "x-forwarded-host": "evil.example" } });
    expect(sent.text).not.toContain("evil");
    expect(detail((await e.text("/b", { headers: { "x-api-key": "alice" } })).response)).toBe(
      "uri-miss/authorization-response",
    );
  });

  it("without an X- does not prevent storing, unless the site says so", async () => {
    for (const [unknown, reason] of [
      ["shared", "uri-miss"],
      ["unshared", "uri-miss/unkeyed-field"],
    ] as const) {
      const e = await warm({ site: { fields: { unknown } }, origin: mirror() });
      expect(detail((await e.text("/a", { headers: { "test-id": "1" } })).response)).toBe(reason);
    }
  });
});

describe("a mark of a framework", () => {
  const MARKS: readonly (readonly [string, string])[] = [
    ["RSC", "1"],
    ["Next-Router-Prefetch", "1"],
    ["Next-Router-State-Tree", "%5B%22%22%5D"],
    ["HX-Request", "true"],
    ["X-Inertia", "true"],
    ["Turbo-Frame", "cart"],
    ["X-Requested-With", "XMLHttpRequest"],
    ["X-PJAX", "true"],
    ["X-React-Router-Prefetch", "1"],
    ["X-Nuxt-Payload", "1"],
    ["X-SvelteKit-Action", "true"],
    ["X-Up-Version", "3"],
  ];
  const parts: Origin = ({ headers }) =>
    answer(MARKS.some(([name]) => headers.has(name)) ? "part" : "page", { ...CACHED, "content-type": "text/html" });

  it.each(MARKS)("%s: its part is no page, and the page no part, whoever comes first", async (name, value) => {
    const marked = { headers: { [name]: value } };
    const turns: readonly (readonly [RequestInit, string])[] = [
      [{}, "page"],
      [marked, "part"],
    ];
    for (const order of [turns, turns.toReversed()]) {
      const e = await warm({ origin: parts });
      for (const [init, text] of [...order, ...order, ...order]) expect((await e.text("/a", init)).text).toBe(text);
      // the second round may fetch once more, because only now the edge knows the marks of the resource
      expect(e.asked.length).toBeLessThanOrEqual(3);
      const { response } = await e.text("/a", marked);
      expect(response.headers.get("x-cache")).toBe("HIT");
      expect(response.headers.get("vary")?.split(", ")).toContain(name.toLowerCase());
    }
  });

  it("with another value is another part", async () => {
    const e = await warm({ origin: ({ headers }) => answer(headers.get("turbo-frame") ?? "page", CACHED) });
    for (const frame of ["cart", "menu", "cart"])
      expect((await e.text("/a", { headers: { "turbo-frame": frame } })).text).toBe(frame);
    expect(e.asked).toHaveLength(2);
  });

  it("of an invention keeps neither the page nor its known parts out of the store", async () => {
    const e = await warm({
      origin: ({ headers }) => answer(headers.has("rsc") ? "part" : "page", { ...CACHED, vary: "Accept-Language" }),
    });
    const inventions = (from: number, count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`hx-${String(from + i)}`, "1"]));
    await e.text("/a", { headers: inventions(0, 15) });
    for (let i = 0; i < 9; i++) await e.text("/a", { headers: inventions(i, 1) });
    await e.text("/a", { headers: { rsc: "1" } });
    for (let i = 9; i < 30; i++) await e.text("/a", { headers: inventions(i, 1) });
    expect(detail((await e.text("/a", { headers: inventions(30, 1) })).response)).toBe("vary-miss/unkeyed-field");
    await e.text("/a");
    expect([await cacheOf(e, "/a"), await cacheOf(e, "/a", { rsc: "1" })]).toEqual(["HIT", "HIT"]);
  });

  it("that is new with each request, as Turbo's, marks no part", async () => {
    const e = await warm({ origin: mirror() });
    const turn = (id: string): Promise<string | null> => cacheOf(e, "/a", { "x-turbo-request-id": id });
    expect([await turn("1"), await turn("2")]).toEqual(["MISS", "HIT"]);
  });

  it.each(["Service-Worker-Navigation-Preload", "trpc-accept"])("%s has an answer of its own", async (name) => {
    const e = await warm({ origin: mirror() });
    await e.text("/a", { headers: { [name]: "mine" } });
    expect((await e.text("/a")).text).not.toContain("mine");
    expect(await cacheOf(e, "/a", { [name]: "mine" })).toBe("HIT");
  });

  it("falls with its page when the page is changed", async () => {
    const e = await warm({ origin: parts });
    await e.text("/a");
    await e.text("/a", { headers: { rsc: "1" } });
    await e.text("/a", { method: "PUT" });
    expect(await cacheOf(e, "/a", { rsc: "1" })).toBe("MISS");
  });
});

describe("a client hint", () => {
  const byDevice: Origin = ({ headers }) =>
    answer(headers.get("sec-ch-ua-mobile") ?? "nothing", { ...CACHED, vary: "Sec-CH-UA-Mobile" });
  const mobile = { headers: { "sec-ch-ua-mobile": "?1", "sec-ch-ua": '"x"' } };

  it("reaches no origin that does not ask for it", async () => {
    const e = await warm({ origin: mirror() });
    await e.text("/a", mobile);
    expect([...(e.asked[0]?.headers.keys() ?? [])].filter((name) => name.startsWith("sec-"))).toEqual([]);
  });

  it("alone is sent as soon as an answer's Vary names it: answers made without it reach no client that sent it", async () => {
    const e = await warm({ origin: byDevice });
    expect((await e.text("/a", mobile)).text).toBe("?1");
    expect(e.asked.map(({ headers }) => [headers.get("sec-ch-ua-mobile"), headers.get("sec-ch-ua")])).toEqual([
      [null, null],
      ["?1", null],
    ]);
    expect((await e.text("/a", { headers: { "sec-ch-ua-mobile": "?0" } })).text).toBe("?0");
    expect((await e.text("/a")).text).toBe("nothing");
    expect((await e.text("/a", mobile)).response.headers.get("x-cache")).toBe("HIT");
    // once the hint is known, one request is enough
    expect(e.asked).toHaveLength(4);
  });

  it("is sent where a rule keys on it", async () => {
    const site = { rules: [{ match: "/*", vary: { headers: { "Sec-CH-UA-Mobile": ["?0", "?1"] } } }] };
    const e = await warm({ site, origin: mirror() });
    expect((await e.text("/a", mobile)).text).toContain("?1");
    expect(e.asked).toHaveLength(1);
  });

  it("that was sent once keeps nothing out of the store once the answers are everybody's again", async () => {
    let says = "no-store";
    const e = await warm({ origin: ({ headers }) => answer(JSON.stringify([...headers]), { "cache-control": says }) });
    await e.text("/a", mobile);
    says = "max-age=60";
    // the first request goes with its hints, so its answer is its client's own; the second goes without
    expect(detail((await e.text("/a", mobile)).response)).toBe("uri-miss/unkeyed-field");
    expect([await cacheOf(e, "/a", mobile.headers), await cacheOf(e, "/a", mobile.headers)]).toEqual(["MISS", "HIT"]);
  });

  it("goes along where the answers are each client's own", async () => {
    const e = await warm({ origin: mirror({ "cache-control": "no-store" }) });
    await e.text("/a", mobile);
    await e.text("/a", mobile);
    expect(e.asked.at(-1)?.headers.get("sec-ch-ua-mobile")).toBe("?1");
  });
});

describe("an answer that repeats the request's Origin", () => {
  it.each(["Access-Control-Allow-Origin", "Timing-Allow-Origin"])("in %s is for that Origin", async (name) => {
    const e = await warm({
      origin: ({ headers }) => answer("x", { ...CACHED, [name]: headers.get("origin") ?? "none" }),
    });
    for (const origin of ["https://a.example", "https://b.example", "https://a.example"]) {
      const { response } = await e.text("/a", { headers: { origin } });
      expect(response.headers.get(name)).toBe(origin);
      expect(response.headers.get("vary")?.split(", ")).toContain("origin");
    }
    expect(e.asked).toHaveLength(2);
  });

  it("on a 304 too: the response stored for other Origins keeps its own", async () => {
    const e = await warm({
      origin: ({ headers }) => {
        const origin = headers.get("origin");
        const fields = { ...CACHED, etag: '"1"', ...(origin !== null && { "access-control-allow-origin": origin }) };
        return headers.has("if-none-match") ? answer(null, fields, 304) : answer("x", { ...fields, vary: "Accept" });
      },
    });
    const allowed = async (headers: HeadersInit = {}): Promise<(string | null)[]> => {
      const { response } = await e.text("/a", { headers });
      const varies = response.headers.get("vary")?.split(", ") ?? [];
      return [response.headers.get("access-control-allow-origin"), varies.includes("Accept") ? "Accept" : null];
    };
    expect(await allowed()).toEqual([null, "Accept"]);
    const evil = "https://evil.example";
    expect(await allowed({ origin: evil, "cache-control": "no-cache" })).toEqual([evil, "Accept"]);
    expect(await allowed()).toEqual([null, "Accept"]);
    const good = "https://good.example";
    expect([await allowed({ origin: good }), await allowed(), await allowed({ origin: good })]).toEqual([
      [good, "Accept"],
      [null, "Accept"],
      [good, "Accept"],
    ]);
    expect(await cacheOf(e, "/a")).toBe("HIT");
  });

  it("is for that Origin in capitals, too", async () => {
    const e = await warm({
      origin: () => answer("x", { ...CACHED, "access-control-allow-origin": "https://A.example" }),
    });
    await e.text("/a", { headers: { origin: "https://a.example" } });
    expect(await cacheOf(e, "/a", { origin: "https://b.example" })).toBe("MISS");
  });

  it("is separate from the one answer to requests without Origin", async () => {
    const e = await warm({ origin: () => answer("x", { ...CACHED, "access-control-allow-origin": "*" }) });
    await e.text("/a", { headers: { origin: "https://a.example" } });
    expect(await cacheOf(e, "/a", { origin: "https://b.example" })).toBe("HIT");
  });
});

it.each([
  "Accept-Language",
  "Accept-Language,",
  ", Accept-Language",
  ",,Accept-Language, ,",
  "accept-language, Accept-Language",
])("RFC 9110 5.6.1: Vary %j makes one variant a language", async (vary) => {
  let spelling = vary;
  const e = await warm({
    origin: ({ headers }) => answer(headers.get("accept-language") ?? "", { ...CACHED, vary: spelling }),
  });
  for (const language of ["de", "en", "de", "en"]) {
    expect((await e.text("/a", { headers: { "accept-language": language } })).text).toBe(language);
    spelling = "Accept-Language";
  }
  expect(e.asked).toHaveLength(2);
});

describe("a credential by another name", () => {
  const CREDENTIALS =
    `X-Api-Key X-Auth-Token X-Access-Token Api-Key X-Amz-Security-Token X-Session-Token X-User-Id X-Goog-Api-Key
    Circle-Token DD-Api-Key Authentication Sessionid Auth_Token Client-Secret xi-api-key
    Ocp-Apim-Subscription-Key X-JWT X-Shopify-Access-Token Private-Token DPoP x_api_key X-Authorization`.split(/\s+/);

  it.each(CREDENTIALS)("%s counts as Authorization: it neither fills nor reads", async (name) => {
    const e = await warm({ origin: mirror() });
    const mine = await e.text("/a", { headers: { [name]: "alice" } });
    expect(detail(mine.response)).toBe("uri-miss/authorization-response");
    await e.text("/a");
    expect(detail((await e.text("/a", { headers: { [name]: "alice" } })).response)).toBe(
      "authorization/authorization-response",
    );
  });

  it("shares a public answer", async () => {
    const e = await warm({ origin: mirror({ "cache-control": "public, max-age=60" }) });
    await e.text("/a", { headers: { "x-api-key": "alice" } });
    expect(await cacheOf(e, "/a", { "x-api-key": "bob" })).toBe("HIT");
  });

  it("of the site's own counts, too", async () => {
    const e = await warm({ site: { fields: { credentials: ["X-Shop-Pass"] } }, origin: mirror() });
    expect(detail((await e.text("/a", { headers: { "x-shop-pass": "1" } })).response)).toBe(
      "uri-miss/authorization-response",
    );
  });
});
