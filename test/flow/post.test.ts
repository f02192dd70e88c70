// Owns the proof that an answer to POST serves a later GET only if it says that a GET would get the same (RFC 9110 9.3.3, RFC 9111 3).
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, type EdgeOptions, type TestEdge, testEdge } from "../support/edge.ts";
import { inPieces } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf } from "../support/stored.ts";

const OWN = { "cache-control": "max-age=60", "content-location": "/a" };
const SOON = 1.001;

/** Answers GET with "got", and everything else with "posted" and these fields. */
const site =
  (fields: Record<string, string>, status = 200) =>
  (request: Request) =>
    request.method === "GET" ? answer("got", { "cache-control": "max-age=60" }) : answer("posted", fields, status);

/** An edge that has had a request, and so knows the purge log. */
async function warmEdge(options: EdgeOptions): Promise<TestEdge> {
  // only if a rule asks for it
  const rules = (options.site?.rules ?? []).map((rule) => ({ ...rule, storePost: true }));
  const e = testEdge({ ...options, site: { ...options.site, rules: [...rules, { match: "/*", storePost: true }] } });
  const { origin } = e;
  e.origin = () => answer("warm", { "cache-control": "no-store" });
  await e.text("/warm");
  e.asked.length = 0;
  e.origin = origin;
  return e;
}

const post = (headers: Record<string, string> = {}): RequestInit => ({ method: "POST", body: "x", headers });

describe("an answer to POST", () => {
  it.each([
    ["a path of its own", OWN],
    ["the origin's own URL", { ...OWN, "content-location": "http://origin.test/a" }],
    ["the public URL", { ...OWN, "content-location": "https://shop.test/a" }],
    ["a lifetime for shared caches", { ...OWN, "cache-control": "s-maxage=60" }],
    ["Expires", { "content-location": "/a", expires: "Sun, 22 Nov 2026 13:00:00 GMT" }],
    ["a lifetime for this cache", { ...OWN, "cache-control": "no-store", "cdn-cache-control": "max-age=60" }],
  ])("serves a later GET where it names %s", async (_, fields) => {
    const e = await warmEdge({ origin: site(fields) });
    const first = await e.text("/a", post());
    expect([first.text, first.response.headers.get("x-cache")]).toEqual(["posted", "BYPASS"]);
    expect(first.response.headers.get("cache-status")).toBe(
      "strata; fwd=method; fwd-status=200; stored; detail=method",
    );
    e.passes(7);
    const { response, text } = await e.text("/a");
    expect([text, response.headers.get("x-cache"), response.headers.get("age")]).toEqual(["posted", "HIT", "7"]);
    expect(response.headers.get("content-length")).toBe("6");
    expect(e.asked).toHaveLength(1);
  });

  const refused: readonly (readonly [string, Record<string, string>, number])[] = [
    ["without Content-Location", { "cache-control": "max-age=60" }, 200],
    ["that names another path", { ...OWN, "content-location": "/b" }, 200],
    ["that names another query", { ...OWN, "content-location": "/a?x=1" }, 200],
    ["that names another host", { ...OWN, "content-location": "https://other.test/a" }, 200],
    ["that names another scheme", { ...OWN, "content-location": "http://shop.test/a" }, 200],
    ["without a lifetime", { "content-location": "/a" }, 200],
    ["with a lifetime to guess", { "content-location": "/a", "last-modified": "Sun, 01 Nov 2026 10:00:00 GMT" }, 200],
    ["that is over", { ...OWN, "cache-control": "max-age=0" }, 200],
    ["that says private", { ...OWN, "cache-control": "private, max-age=60" }, 200],
    ["that says no-store", { ...OWN, "cache-control": "no-store, max-age=60" }, 200],
    ["that is private for this cache", { ...OWN, "cdn-cache-control": "private" }, 200],
    ["that sets a cookie", { ...OWN, "set-cookie": "id=1" }, 200],
    ["that is encoded", { ...OWN, "content-encoding": "gzip" }, 200],
    ["that varies on everything", { ...OWN, vary: "*" }, 200],
    ["of 201", OWN, 201],
    ["of 404", OWN, 404],
    ["of 500", OWN, 500],
  ];

  it.each(refused)("%s serves none", async (_, fields, status) => {
    const e = await warmEdge({ origin: site(fields, status) });
    const { response } = await e.text("/a", post());
    expect(response.status).toBe(status);
    expect(response.headers.get("cache-status")).not.toContain("stored");
    expect((await e.text("/a")).text).toBe("got");
  });

  it.each([
    ["Authorization", { authorization: "Bearer alice" }, OWN],
    ["a session cookie", { cookie: "sid=alice" }, OWN],
    ["no-store", { "cache-control": "no-store" }, OWN],
  ])("to a request with %s serves none", async (_, headers, fields) => {
    const e = await warmEdge({ origin: site(fields) });
    await e.text("/a", post(headers));
    expect((await e.text("/a")).text).toBe("got");
  });

  it.each([
    ["Authorization", { authorization: "Bearer alice" }],
    ["a session cookie", { cookie: "sid=alice" }],
  ])("to a request with %s serves all if it says public", async (_, headers) => {
    const e = await warmEdge({ origin: site({ ...OWN, "cache-control": "public, max-age=60" }) });
    const { response } = await e.text("/a", post(headers));
    expect(response.headers.get("cache-control")).toBe("public, max-age=60");
    expect((await e.text("/a")).text).toBe("posted");
  });

  it.each(["PUT", "PATCH", "DELETE", "QUERY"])("is one to POST: %s serves none", async (method) => {
    const e = await warmEdge({ origin: site(OWN) });
    await e.text("/a", { method, body: "x" });
    expect((await e.text("/a")).text).toBe("got");
  });

  it("serves the variant that the posting client selected", async () => {
    const e = await warmEdge({ origin: site({ ...OWN, vary: "x-lang" }) });
    await e.text("/a", post({ "x-lang": "de" }));
    expect((await e.text("/a", { headers: { "x-lang": "de" } })).text).toBe("posted");
    expect((await e.text("/a", { headers: { "x-lang": "fr" } })).text).toBe("got");
  });

  it("serves no GET unless a rule asks for it: the POST's content is in no key", async () => {
    const e = testEdge({ origin: site(OWN) });
    await e.text("/warm");
    await e.text("/a", post());
    expect((await e.text("/a")).text).toBe("got");
  });

  it("serves no GET where the rule says bypass", async () => {
    const e = await warmEdge({ site: { rules: [{ match: "/a", bypass: true }] }, origin: site(OWN) });
    await e.text("/a", post());
    expect(e.memory.usedBytes).toBe(0);
  });

  it("with a body that breaks off serves none", async () => {
    const e = await warmEdge({ origin: () => answer(inPieces(bytesOf("pos"), 2), { ...OWN, "content-length": "6" }) });
    const response = await e.get("/a", post());
    await expect(response.text()).rejects.toThrow();
    await e.idle();
    expect(e.memory.usedBytes).toBe(0);
  });
});

describe("a response that an answer to POST replaces", () => {
  it("goes first, in every tier", async () => {
    const colo = mapTier("colo");
    const e = await warmEdge({ lower: [colo], origin: site(OWN) });
    expect((await e.text("/a")).text).toBe("got");
    await e.text("/a", post());
    const other = testEdge({
      lower: [colo],
      log: e.log,
      site: { rules: [{ match: "/*", storePost: true }] },
      origin: site(OWN),
    });
    for (const edge of [e, other]) expect((await edge.text("/a")).text).toBe("posted");
    expect(other.asked).toHaveLength(0);
  });

  it("goes with all its variants", async () => {
    const fields = { "cache-control": "max-age=60", vary: "x-lang" };
    const e = await warmEdge({
      origin: ({ method }) => (method === "GET" ? answer("got", fields) : answer("posted", { ...OWN, vary: "x-lang" })),
    });
    const inLanguage = (lang: string) => ({ headers: { "x-lang": lang } });
    for (const lang of ["de", "fr"]) await e.text("/a", inLanguage(lang));
    await e.text("/a", post({ "x-lang": "de" }));
    expect((await e.text("/a", inLanguage("de"))).text).toBe("posted");
    expect((await e.text("/a", inLanguage("fr"))).response.headers.get("x-cache")).toBe("MISS");
  });

  it("goes even if the answer itself is not stored", async () => {
    const e = await warmEdge({ origin: site({ "content-location": "/a" }) });
    await e.text("/a");
    await e.text("/a", post());
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });
});

describe("a purge while a POST is under way", () => {
  const tagged = { ...OWN, "cache-tag": "t" };

  it("wins over its answer", async () => {
    const [reached, slow] = [barrier(), barrier()];
    const e = await warmEdge({
      async origin(request) {
        if (request.method === "GET") return answer("got", tagged);
        reached.open();
        await slow.passed;
        return answer("posted", tagged);
      },
    });
    const posted = e.text("/a", post());
    await reached.passed;
    e.log.purge(["t"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    slow.open();
    expect((await posted).text).toBe("posted");
    expect((await e.text("/a")).text).toBe("got");
  });

  it("wins over a body that is still coming", async () => {
    const rest = barrier();
    const body = () =>
      inPieces(bytesOf("posted"), 6, async (c) => {
        await rest.passed;
        c.close();
      });
    const e = await warmEdge({
      origin: ({ method }) => (method === "GET" ? answer("got", tagged) : answer(body(), tagged)),
    });
    const posted = await e.get("/a", post());
    e.log.purge(["t"], "hard");
    e.passes(SOON);
    rest.open();
    expect(await posted.text()).toBe("posted");
    await e.idle();
    expect((await e.text("/a")).text).toBe("got");
  });

  it("wins, and so does another POST", async () => {
    const rest = barrier();
    let posts = 0;
    const e = await warmEdge({
      origin: ({ method }) => {
        if (method === "GET") return answer("got", OWN);
        posts += 1;
        if (posts > 1) return answer(null, {}, 204);
        return answer(
          inPieces(bytesOf("posted"), 6, async (c) => {
            await rest.passed;
            c.close();
          }),
          OWN,
        );
      },
    });
    const posted = await e.get("/a", post());
    await e.get("/a", post());
    rest.open();
    await posted.text();
    await e.idle();
    expect((await e.text("/a")).text).toBe("got");
  });
});

describe("an unsafe request while a POST is under way", () => {
  it.each(["PUT", "POST", "DELETE"])("wins over its answer, though that comes later: %s", async (method) => {
    const [reached, slow] = [barrier(), barrier()];
    let isFirst = true;
    const e = await warmEdge({
      async origin(request) {
        if (request.method === "GET") return answer("got", OWN);
        if (!isFirst) return answer(null, {}, 204);
        isFirst = false;
        reached.open();
        await slow.passed;
        return answer("posted", OWN);
      },
    });
    const posted = e.get("/a", post());
    await reached.passed;
    await e.get("/a", { method });
    slow.open();
    const response = await posted;
    expect(response.headers.get("cache-status")).not.toContain("stored");
    expect(await response.text()).toBe("posted");
    await e.idle();
    expect((await e.text("/a")).text).toBe("got");
  });

  it("to another resource does not win over it", async () => {
    const [reached, slow] = [barrier(), barrier()];
    const e = await warmEdge({
      async origin(request) {
        if (request.method !== "POST") return answer(null, {}, 204);
        reached.open();
        await slow.passed;
        return answer("posted", OWN);
      },
    });
    const posted = e.text("/a", post());
    await reached.passed;
    await e.get("/b", { method: "PUT" });
    slow.open();
    await posted;
    expect((await e.text("/a")).text).toBe("posted");
  });
});

describe("an answer to POST, and a rule", () => {
  const PHONE = { "user-agent": "Mozilla/5.0 (iPhone) Mobile/15E148" };
  const DESKTOP = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" };

  it.each([
    ["device", { device: true }, PHONE, DESKTOP],
    ["languages", { languages: ["en", "de"] }, { "accept-language": "de" }, { "accept-language": "en" }],
    ["cookies", { cookies: ["theme"] }, { cookie: "theme=dark" }, { cookie: "theme=light" }],
    ["media", { media: ["image/avif"] }, { accept: "image/avif" }, { accept: "image/png" }],
    ["headers", { headers: { "x-geo": ["at", "de"] } }, { "x-geo": "at" }, { "x-geo": "de" }],
  ] as const)("does not serve what the rule tells apart: %s", async (_, vary, mine, theirs) => {
    const site_ = { rules: [{ match: "/*", vary }] };
    const e = await warmEdge({ site: site_, origin: site(OWN) });
    await e.text("/a", post(mine));
    expect((await e.text("/a", { headers: theirs })).text).toBe("got");
  });

  it("does not serve GETs if it depends on a parameter that no GET would send", async () => {
    const e = await warmEdge({
      site: { rules: [{ match: "/*", query: { deny: ["x"] } }] },
      origin: (request) =>
        request.method === "GET"
          ? answer("got", { "cache-control": "max-age=60" })
          : answer("posted", { ...OWN, "content-location": "/a?x=evil" }),
    });
    await e.text("/a?x=evil", post());
    for (const path of ["/a", "/a?x=evil"]) expect((await e.text(path)).text, path).toBe("got");
  });

  it("does not serve GETs if it depends on a cookie that no GET would send", async () => {
    const e = await warmEdge({
      site: { rules: [{ match: "/*", vary: { cookies: ["theme"] } }] },
      origin: site({ ...OWN, "cache-control": "public, max-age=60" }),
    });
    await e.text("/a", post({ cookie: "theme=dark; name=alice" }));
    expect((await e.text("/a", { headers: { cookie: "theme=dark" } })).text).toBe("got");
  });
});
