// Owns the proof of the second question, the verdict on the origin's answer.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import { settleFailure } from "../../../src/http/law/settle.ts";
import { remainingSeconds, type Stored } from "../../../src/http/law/stored.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { askedOf, at, type Fields, NOW, requestOf, settled, storedFrom, storedOf, valuesOf } from "../support.ts";

const CC = "cache-control";
/** Fields of one line each. */
type Named = Readonly<Record<string, string>>;
const FRESH = { [CC]: "max-age=60", date: at(0) };
const NEW_FENCE = { incarnation: "log-1", seq: 9 };
const tag = (value: string) => targetHash({ kind: "tag", value });

describe("a stored record", () => {
  it("keeps what clients get, and aside what this cache alone needs", () => {
    const stored = storedFrom([
      ["Cache-Control", "max-age=60"],
      ["Surrogate-Control", "max-age=5"],
      ["Cache-Tag", "a"],
      ["Connection", "x-hop"],
      ["X-Hop", "1"],
      ["Age", "3"],
      ["Date", at(0)],
      ["ETag", '"v1"'],
    ]);
    expect(stored.headers).toEqual([
      ["Cache-Control", "max-age=60"],
      ["Date", at(0)],
      ["ETag", '"v1"'],
    ]);
    expect(stored.edgeHeaders).toEqual([
      ["Surrogate-Control", "max-age=5"],
      ["Cache-Tag", "a"],
    ]);
    expect(stored).toMatchObject({ lifetimeSeconds: 5, initialAgeSeconds: 3, etag: '"v1"', targets: [tag("a")] });
  });

  it('RFC 9111 5.2.2.7: private="set-cookie" is kept without the cookie', () => {
    const stored = storedFrom({ [CC]: 'max-age=60, private="set-cookie"', "Set-Cookie": "a=1" });
    expect(JSON.stringify(stored)).not.toContain("a=1");
  });

  it("RFC 9111 4.1: remembers the request it was selected by, in normal form", () => {
    const request = requestOf({ "Accept-Language": "EN , de;q=0.50" });
    expect(Object.keys(storedFrom({ ...FRESH, vary: "Accept-Language" }, {}, { request }).variant)).toEqual([
      "accept-language",
    ]);
  });

  it("takes the fence of the moment its fetch began, and the rule's tags with its own", () => {
    const stored = storedFrom({ ...FRESH, "cache-tag": "a" }, {}, { fence: NEW_FENCE }, { tagsOf: () => ["r"] });
    expect(stored.fence).toEqual(NEW_FENCE);
    expect(stored.targets).toEqual([tag("r"), tag("a")]);
  });

  it("the rule's tags are on a stored 404 too", () => {
    expect(storedFrom(FRESH, { status: 404 }, {}, { tagsOf: () => ["r"] }).targets).toEqual([tag("r")]);
  });

  it.each([
    ["absent", { [CC]: "max-age=60" }],
    ["unreadable", { [CC]: "max-age=60", Date: "now" }],
  ])("RFC 9110 6.6.1: a Date that is %s becomes the time of receipt", (_, fields) => {
    expect(valuesOf(storedFrom(fields).headers, "date")).toEqual([at(0)]);
  });

  it("RFC 9110 6.6.1: a future Date stays", () => {
    expect(valuesOf(storedFrom({ [CC]: "max-age=60", Date: at(900) }).headers, "date")).toEqual([at(900)]);
  });

  it.each<[string, string, Partial<Stored>]>([
    ["neither", "max-age=60", { staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0, staleAllowed: true }],
    [
      "both windows",
      "max-age=60, stale-while-revalidate=7, stale-if-error=8",
      { staleWhileRevalidateSeconds: 7, staleIfErrorSeconds: 8, staleAllowed: true },
    ],
    ...["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"].map(
      (directive): [string, string, Partial<Stored>] => [
        `${directive} forbids stale`,
        `max-age=60, stale-while-revalidate=7, stale-if-error=8, ${directive}`,
        { staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0, staleAllowed: false },
      ],
    ),
  ])("RFC 9111 4.2.4, RFC 5861: %s", (_, value, expected) => {
    expect(storedFrom({ [CC]: value })).toMatchObject(expected);
  });

  it("a rule's windows replace the origin's, but do not undo what forbids stale", () => {
    const policy = { staleWhileRevalidate: 70, staleIfError: 0 };
    const said = "max-age=60, stale-while-revalidate=7, stale-if-error=8";
    const windows = (value: string) => {
      const stored = storedFrom({ [CC]: value }, {}, {}, policy);
      return [stored.staleWhileRevalidateSeconds, stored.staleIfErrorSeconds];
    };
    expect(windows(said)).toEqual([70, 0]);
    expect(windows(`${said}, must-revalidate`)).toEqual([0, 0]);
  });
});

describe("passed through", () => {
  it.each([
    ["nobody's session", {}, false],
    ["Authorization alone", { Authorization: "x" }, false],
    ["a session", { Cookie: "sid=1" }, true],
    ["a session and Authorization", { Cookie: "sid=1", Authorization: "x" }, true],
  ])("caches below are told that it is private: %s", (_, asked, addPrivate) => {
    expect(settled({ [CC]: "max-age=60, no-store" }, {}, { request: requestOf(asked) })).toMatchObject({
      verdict: "pass-through",
      addPrivate,
    });
  });

  it("RFC 9111 4.3.3: a 304 to the client's own conditional", () => {
    const asked = { clientConditionals: true, request: requestOf({ "if-none-match": '"client"' }) };
    expect(settled({}, { status: 304 }, asked)).toMatchObject({ verdict: "pass-through", reason: "client-304" });
  });

  it("RFC 9110 15.4.5: a 304 to no conditional at all is no answer", () => {
    for (const clientConditionals of [false, true])
      expect(settled({}, { status: 304 }, { clientConditionals })).toEqual({
        verdict: "fail",
        reason: "origin-invalid",
      });
  });
});

describe("a 304", () => {
  const LATER = { status: 304, receivedAtMs: NOW + 100_000 };
  const held = storedFrom([
    ["Cache-Control", "max-age=60"],
    ["Date", at(0)],
    ["ETag", '"v1"'],
    ["Content-Type", "text/html"],
    ["X-A", "old"],
    ["Cache-Tag", "a"],
  ]);
  const validated = (fields: Named, stored: Stored = held) =>
    settled({ date: at(100), ...fields }, LATER, { stored, fence: NEW_FENCE });

  function refreshed(fields: Named, stored: Stored = held): Stored {
    const verdict = validated(fields, stored);
    if (verdict.verdict !== "refresh") throw new Error(`expected a refresh, got ${JSON.stringify(verdict)}`);
    return verdict.stored;
  }

  it("RFC 9111 4.3.4: updates fields and freshness, and counts as a fill", () => {
    const verdict = validated({ etag: '"v1"', "x-a": "new", "x-b": "1", [CC]: "max-age=90" });
    expect(verdict).toMatchObject({ verdict: "refresh", refusal: undefined, reason: "validated" });
    const stored = refreshed({ etag: '"v1"', "x-a": "new", "x-b": "1", [CC]: "max-age=90" });
    expect(valuesOf(stored.headers, "x-a")).toEqual(["new"]);
    expect(valuesOf(stored.headers, "x-b")).toEqual(["1"]);
    expect(valuesOf(stored.headers, "cache-control")).toEqual(["max-age=90"]);
    expect(stored).toMatchObject({ lifetimeSeconds: 90, initialAgeSeconds: 0, fence: NEW_FENCE, etag: '"v1"' });
    expect(stored.receivedAtMs).toBe(LATER.receivedAtMs);
  });

  it("RFC 9111 3.2: does not change what describes the body", () => {
    const stored = refreshed({ "content-type": "a/b", "content-length": "0", "content-encoding": "br" });
    expect(valuesOf(stored.headers, "content-type")).toEqual(["text/html"]);
    expect(valuesOf(stored.headers, "content-encoding")).toEqual([]);
    expect(valuesOf(stored.headers, "content-length")).toEqual([]);
    expect(refreshed({}, { ...held, bodyLength: 7 }).bodyLength).toBe(7);
    expect(refreshed({}, { ...held, status: 404 }).status).toBe(404);
  });

  it("RFC 9111 4.3.4: without fields of its own makes it fresh again", () => {
    expect(remainingSeconds(refreshed({}), LATER.receivedAtMs)).toBe(60);
  });

  it("RFC 9110 6.6.1: without Date makes it fresh again: the time of receipt counts, not the stored Date", () => {
    const verdict = settled({ etag: '"v1"' }, LATER, { stored: held, fence: NEW_FENCE });
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(remainingSeconds(verdict.stored, LATER.receivedAtMs)).toBe(60);
  });

  it("RFC 9111 5.1: its Age is the new age", () => {
    expect(refreshed({ age: "20" }).initialAgeSeconds).toBe(20);
  });

  describe.each(["content-security-policy", "Content-Security-Policy-Report-Only", "x-webkit-csp"])("%s", (name) => {
    const policy = (nonce: string): string => `script-src 'self' 'nonce-${nonce}'`;
    const stored = (value: string): Stored =>
      storedFrom([...Object.entries({ ...FRESH, etag: '"v1"' }), [name, value]]);
    it.each<[string, string, Named]>([
      ["another nonce", policy("a"), { [name]: policy("b") }],
      ["a nonce in another case", policy("a"), { [name]: policy("A") }],
      ["one more", policy("a"), { [name]: `${policy("a")}; style-src 'nonce-b'` }],
      ["one fewer", `${policy("a")}; style-src 'nonce-b'`, { [name]: policy("a") }],
      ["a nonce where there was none", "script-src 'self'", { [name]: policy("a") }],
      ["none where there was one", policy("a"), { [name]: "script-src 'self'" }],
      ["one in a second policy", policy("a"), { [name]: `${policy("a")}, ${policy("b")}` }],
      ["one whose keyword is in capitals", policy("a"), { [name]: "script-src 'NONCE-b+/_-='" }],
    ])("a 304 with %s does not belong to the stored body: the whole is fetched", (_, held, brought) => {
      const fields = { etag: '"v1"', ...brought };
      expect(validated(fields, stored(held))).toEqual({ verdict: "refetch", reason: "nonce-changed" });
    });

    it.each<[string, string, Named]>([
      ["the same nonce", policy("a"), { [name]: policy("a") }],
      ["the same nonce in another policy", policy("a"), { [name]: `default-src 'none'; ${policy("a")}` }],
      ["the same nonces in another order", `${policy("a")} 'nonce-b'`, { [name]: `${policy("b")} 'nonce-a'` }],
      ["no policy", policy("a"), {}],
      ["another hash", "script-src 'sha256-a'", { [name]: "script-src 'sha256-b'" }],
      ["a word that only looks so", "script-src x", { [name]: "script-src nonce-a; report-uri /nonce-b" }],
    ])("a 304 with %s updates", (_, held, brought) => {
      expect(validated({ etag: '"v1"', ...brought }, stored(held)).verdict).toBe("refresh");
    });

    it("an answer to HEAD with another nonce changes nothing", () => {
      const asked = { stored: stored(policy("a")), request: requestOf({}, { method: "HEAD" }) };
      const head = (nonce: string) =>
        settled([...Object.entries({ ...FRESH, etag: '"v1"' }), [name, policy(nonce)]], {}, asked);
      expect(head("b")).toMatchObject({ verdict: "pass-through", reason: "nonce-changed" });
      expect(head("b")).not.toHaveProperty("freshened");
      expect(head("a")).toMatchObject({ verdict: "pass-through", reason: "head-freshened" });
    });
  });

  it("a nonce that moves from one kind of policy to another is the same for the markup", () => {
    const [enforced, reported] = ["content-security-policy", "content-security-policy-report-only"];
    const stored = storedFrom({ ...FRESH, etag: '"v1"', [reported]: "script-src 'nonce-a'" });
    expect(validated({ etag: '"v1"', [enforced]: "script-src 'nonce-a'" }, stored).verdict).toBe("refresh");
  });

  it.each<[string, Named, Stored]>([
    ["another ETag", { etag: '"v2"' }, held],
    ["another weak ETag", { etag: 'W/"v2"' }, held],
    ["a weak ETag where none is stored", { etag: 'W/"v2"' }, { ...held, etag: undefined, lastModified: at(-9) }],
    ["the same opaque tag, strong now and weak before", { etag: '"v1"' }, { ...held, etag: 'W/"v1"' }],
    ["a strong ETag where none is stored", { etag: '"v2"' }, { ...held, etag: undefined, lastModified: at(-9) }],
  ])("RFC 9111 4.3.4: with %s is about another representation", (_, fields, stored) => {
    expect(validated(fields, stored)).toEqual({ verdict: "refetch", reason: "validator-mismatch" });
  });

  it.each<[string, Named, Stored]>([
    ["the same ETag, weak now", { etag: 'W/"v1"' }, held],
    ["the same ETag, weak before", { etag: 'W/"v1"' }, { ...held, etag: 'W/"v1"' }],
    ["no ETag", {}, held],
  ])("RFC 9111 4.3.4: with %s updates", (_, fields, stored) => {
    expect(validated(fields, stored).verdict).toBe("refresh");
  });

  it("without a validator on either side proves nothing, so the fence does not rise", () => {
    const bare = storedFrom(FRESH);
    const verdict = settled({ date: at(100) }, LATER, { stored: bare, fence: NEW_FENCE });
    if (verdict.verdict === "refresh") expect(verdict.stored.fence).toEqual(bare.fence);
    else expect(verdict.verdict).toBe("refetch");
  });

  it.each<[string, Named, readonly string[]]>([
    ["without tags keeps the stored ones", {}, ["a"]],
    ["with tags replaces them", { "cache-tag": "b" }, ["b"]],
    ["with another vendor's tags replaces them", { "surrogate-key": "b c" }, ["b", "c"]],
    ["with an empty tag field removes them", { "cache-tag": "" }, []],
  ])("%s", (_, fields, tags) => {
    expect(refreshed(fields).targets).toEqual(tags.map(tag));
    // and the next 304 without tags finds the same
    expect(refreshed({}, refreshed(fields)).targets).toEqual(tags.map(tag));
  });

  it.each([
    ["Surrogate-Control", { "surrogate-control": "max-age=5" }],
    ["Cloudflare-CDN-Cache-Control", { "cloudflare-cdn-cache-control": "max-age=5" }],
    ["CDN-Cache-Control", { "cdn-cache-control": "max-age=5" }],
  ])("RFC 9213 2.2: %s still governs when the 304 does not repeat it", (_, fields) => {
    const stored = storedFrom({ ...fields, [CC]: "no-store", date: at(0), etag: '"v1"' });
    expect(refreshed({ [CC]: "no-store" }, stored).lifetimeSeconds).toBe(5);
    expect(refreshed({}, refreshed({}, stored)).lifetimeSeconds).toBe(5);
  });

  it.each([
    ["RFC 9111 5.2.2.5: no-store", { [CC]: "no-store" }],
    ["RFC 9111 5.2.2.7: private", { [CC]: "private" }],
    ["a cookie", { "set-cookie": "a=1" }],
    ["Vary: *", { vary: "*" }],
  ])("%s in it is delivered but not stored", (_, fields) => {
    const verdict = validated({ ...fields, "x-a": "new" });
    expect(verdict).toMatchObject({ verdict: "refresh", refusal: expect.any(String) });
    const { headers } = refreshed({ ...fields, "x-a": "new" });
    expect(valuesOf(headers, "x-a")).toEqual(["new"]);
    expect(valuesOf(headers, "set-cookie")).toEqual([]);
  });

  it("RFC 9111 3.5: answers an authenticated request without being stored for all", () => {
    const stored = storedFrom({ [CC]: "public, max-age=60", date: at(0), etag: '"v1"' });
    const request = requestOf({ Authorization: "x" });
    const asked = { request, stored, fence: NEW_FENCE };
    expect(settled({ date: at(100), [CC]: "max-age=60" }, LATER, asked)).toMatchObject({ refusal: expect.any(String) });
    expect(settled({ date: at(100) }, LATER, asked)).toMatchObject({ refusal: undefined });
  });

  it("is not stored while the purge log is unknown", () => {
    expect(settled({ date: at(100) }, LATER, { stored: held, fence: undefined })).toMatchObject({
      verdict: "refresh",
      refusal: expect.any(String),
    });
  });

  it("RFC 9110 7.6.1: brings nothing of its own connection", () => {
    const stored = refreshed({ connection: "x-hop", "x-hop": "1", "keep-alive": "1" });
    expect(stored.headers.some(([name]) => ["connection", "x-hop", "keep-alive"].includes(name))).toBe(false);
  });
});

describe("stale if error", () => {
  const held = { staleIfErrorSeconds: 30, etag: '"a"' };
  const since = (seconds: number): PurgeState => ({ state: "stale", sinceMs: NOW + seconds * 1000 });
  const CLEAR: PurgeState = { state: "clear" };

  it.each<[string, Partial<Stored>, PurgeState, number, boolean]>([
    ["RFC 5861 4: at expiry", held, CLEAR, 60, true],
    ["RFC 5861 4: within the window", held, CLEAR, 89.9, true],
    ["RFC 5861 4: at its end", held, CLEAR, 90, false],
    ["RFC 5861 4: without a window", { ...held, staleIfErrorSeconds: 0 }, CLEAR, 60, false],
    ["RFC 5861 4: without a window, later", { ...held, staleIfErrorSeconds: 0 }, CLEAR, 61, false],
    ["RFC 9111 5.2.2.4: never where each use needs validation", { ...held, alwaysValidate: true }, CLEAR, 61, false],
    ["soft purge: the window counts from it", held, since(0), 29.9, true],
    ["soft purge: and ends", held, since(0), 30, false],
    ["soft purge: it extends nothing after expiry", held, since(85), 90, false],
    ["soft purge: without a window", { ...held, staleIfErrorSeconds: 0 }, since(0), 0, false],
    ["soft purge: without a window, the log's clock ahead", { ...held, staleIfErrorSeconds: 0 }, since(5), 0, false],
    ["two soft purges", held, { state: "validate" }, 61, false],
    ["a hard purge", held, { state: "gone", reason: "purged" }, 61, false],
    ["nothing known of purges", held, { state: "unknown" }, 61, false],
  ])("%s", (_, parts, purge, after, serves) => {
    const stored = storedOf(parts);
    const receivedAtMs = NOW + after * 1000;
    const asked = { stored, purge };
    for (const status of [500, 502, 503, 504]) {
      const { verdict, reason } = settled({}, { status, receivedAtMs }, asked);
      expect([verdict, reason]).toEqual(serves ? ["serve-stale", "stale-if-error"] : ["pass-through", "no-lifetime"]);
    }
    for (const failure of ["origin-unreachable", "origin-timeout"] as const) {
      const { verdict, reason } = settleFailure(failure, askedOf(asked), receivedAtMs);
      expect([verdict, reason]).toEqual(serves ? ["serve-stale", "stale-if-error"] : ["fail", failure]);
    }
  });

  it.each([400, 404, 410, 429, 501, 505])("RFC 5861 4: %d is an answer, not an error", (status) => {
    const asked = { stored: storedOf(held) };
    expect(settled({}, { status, receivedAtMs: NOW + 61_000 }, asked).verdict).toBe("pass-through");
  });

  it("is a failure where nothing is held", () => {
    expect(settleFailure("origin-timeout", askedOf(), NOW)).toEqual({ verdict: "fail", reason: "origin-timeout" });
  });

  it.each(["must-revalidate", "proxy-revalidate", "s-maxage=60"])("RFC 9111 4.2.4: %s forbids it", (directive) => {
    const stored = storedFrom({ [CC]: `max-age=60, stale-if-error=99, ${directive}` });
    const receivedAtMs = NOW + 61_000;
    expect(settled({}, { status: 503, receivedAtMs }, { stored }).verdict).toBe("pass-through");
  });
});

it("a new response replaces the stored one, also after a soft purge", () => {
  const verdict = settled(
    FRESH,
    {},
    { stored: storedOf({ etag: '"a"' }), fence: NEW_FENCE, purge: { state: "validate" } },
  );
  expect(verdict).toMatchObject({ verdict: "store", stored: { fence: NEW_FENCE, etag: undefined } });
});

it("RFC 9111 3.5: never stores for an authenticated request what is not marked, and marks what it stores", () => {
  const directive = fc.constantFrom(
    "public",
    "s-maxage=60",
    "must-revalidate",
    "proxy-revalidate",
    "no-cache",
    "immutable",
  );
  const asked = fc.constantFrom<Fields>(
    { authorization: "x" },
    { cookie: "sid=1" },
    { authorization: "x", cookie: "sid=1" },
  );
  fc.assert(
    fc.property(fc.array(directive), asked, fc.boolean(), fc.boolean(), (directives, fields, shared, validation) => {
      const request = requestOf(fields);
      const stored = validation ? storedOf({ etag: '"a"', forAuthorization: true, forSession: true }) : undefined;
      const answer = { [CC]: ["max-age=60", ...directives].join(", "), date: at(0) };
      const verdict = settled(answer, { status: validation ? 304 : 200 }, { request, stored }, { sharedRoute: shared });
      const kept = verdict.verdict === "store" || (verdict.verdict === "refresh" && verdict.refusal === undefined);
      if (!kept) return;
      const marked = shared || directives.includes("public") || directives.includes("s-maxage=60");
      if (request.hasSession) expect(marked && verdict.stored.forSession).toBe(true);
      if (request.hasAuthorization) {
        expect(marked || directives.includes("must-revalidate")).toBe(true);
        expect(verdict.stored.forAuthorization).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
