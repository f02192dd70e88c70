// Owns the proof of which answers go to others: by cookies, by credentials, by what is validated each time, by fields of one person.
import { describe, expect, it } from "vitest";
import {
  DEFAULT_GROUPS,
  REQUEST_FIELD_REASONS,
  REQUEST_FIELDS,
  asGatewaysRead,
} from "../../../src/http/message/request-fields.ts";
import { PERSONAL_FIELDS } from "../../../src/http/message/personal-fields.ts";
import { at, requestOf, settled } from "../support.ts";

const CC = "cache-control";
const ODD = { cookie: "odd=1" };
const SID = { cookie: "sid=1" };

type Said = Readonly<Record<string, string>>;

function fate(says: Said, asked: Said = {}, path = "/page", policy = {}): string {
  const verdict = settled({ date: at(0), ...says }, {}, { request: requestOf(asked, { path }) }, policy);
  return verdict.verdict === "store" ? "stored" : verdict.reason;
}

describe("an unknown cookie", () => {
  it.each<[string, Said, string, string]>([
    ["under a lifetime for all", { [CC]: "max-age=60" }, "/page", "unknown-cookie"],
    ["under Expires", { expires: at(60) }, "/page", "unknown-cookie"],
    ["under must-revalidate", { [CC]: "max-age=60, must-revalidate" }, "/page", "unknown-cookie"],
    ["under public", { [CC]: "max-age=60, public" }, "/page", "stored"],
    ["under s-maxage", { [CC]: "s-maxage=60" }, "/page", "stored"],
    ["under a lifetime for CDNs", { "cdn-cache-control": "max-age=60" }, "/page", "stored"],
    ["under a lifetime for this CDN", { "cloudflare-cdn-cache-control": "max-age=60" }, "/page", "stored"],
    ["under a surrogate's lifetime", { "surrogate-control": "max-age=60" }, "/page", "stored"],
    [
      "under a surrogate's word without a lifetime",
      { "surrogate-control": 'content="ESI/1.0"', [CC]: "max-age=60" },
      "/page",
      "unknown-cookie",
    ],
    ["for a style sheet", { [CC]: "max-age=60", "content-type": "text/css" }, "/a.css", "stored"],
    ["for a picture", { [CC]: "max-age=60", "content-type": "image/png" }, "/a.png", "stored"],
    ["for a font", { [CC]: "max-age=60", "content-type": "font/woff2" }, "/a.woff2", "stored"],
    [
      "for a page that is called a style sheet",
      { [CC]: "max-age=60", "content-type": "text/html" },
      "/a.css",
      "unknown-cookie",
    ],
    [
      "for data that may be anybody's",
      { [CC]: "max-age=60", "content-type": "application/json" },
      "/me.json",
      "unknown-cookie",
    ],
    ["for an invoice", { [CC]: "max-age=60", "content-type": "application/pdf" }, "/invoice.pdf", "unknown-cookie"],
    ["for a style sheet without a type", { [CC]: "max-age=60" }, "/a.css", "unknown-cookie"],
  ])("%s", (_, says, path, reason) => {
    expect(fate(says, ODD, path)).toBe(reason);
  });

  it.each([{ ttl: 60 }, { defaultTtl: 60 }, { minTtl: 60 }])(
    "under a rule's lifetime, which is not the origin's word: %j",
    (policy) => {
      expect(fate({ [CC]: "max-age=1" }, ODD, "/page", policy)).toBe("unknown-cookie");
      expect(fate({}, ODD, "/page", { ttl: 60 })).toBe("unknown-cookie");
    },
  );

  it("where a rule says that all get the same", () => {
    expect(fate({ [CC]: "max-age=60" }, ODD, "/page", { sharedRoute: true })).toBe("stored");
  });

  it("leaves its answer with private, so that no cache below shares it", () => {
    expect(settled({ [CC]: "max-age=60", date: at(0) }, {}, { request: requestOf(ODD) })).toMatchObject({
      addPrivate: true,
    });
  });
});

describe("an answer that is validated each time, to a request with a cookie", () => {
  const TAG = { etag: '"build-1"', date: at(0) };
  it.each<[string, Said]>([
    ["no-cache for CDNs", { "cdn-cache-control": "no-cache, max-age=60" }],
    ["s-maxage=0", { [CC]: "s-maxage=0" }],
    ["no-cache beside s-maxage", { [CC]: "no-cache, s-maxage=60" }],
    ["a lifetime that was over on arrival", { [CC]: "s-maxage=5", age: "9" }],
    ["max-age=0 for CDNs", { "cdn-cache-control": "max-age=0" }],
  ])("%s", (_, says) => {
    for (const asked of [SID, ODD]) {
      expect(["always-validated", "session-response", "unknown-cookie"]).toContain(fate({ ...TAG, ...says }, asked));
      expect(fate({ ...TAG, ...says, [CC]: `${says[CC] ?? ""}, public` }, asked)).not.toBe("unknown-cookie");
    }
    expect(fate({ ...TAG, ...says })).toBe("stored");
  });

  it.each([
    ["no-cache", { [CC]: "public, no-cache" }],
    ["max-age=0", { [CC]: "public, max-age=0" }],
    ["a past Expires", { [CC]: "public", expires: at(-60) }],
  ])("is stored where it says public: %s", (_, says) => {
    for (const asked of [SID, ODD]) expect(fate({ ...TAG, ...says }, asked)).toBe("stored");
  });

  it.each([
    ["no-cache", { [CC]: "no-cache" }],
    ["max-age=0", { [CC]: "max-age=0" }],
    ["a past Expires", { expires: at(-60) }],
  ])("is not stored without: %s", (_, says) => {
    for (const asked of [SID, ODD]) expect(fate({ ...TAG, ...says }, asked)).not.toBe("stored");
    expect(fate({ ...TAG, ...says })).toBe("stored");
  });

  it("says why where nothing else forbids it", () => {
    expect(fate({ ...TAG, [CC]: "s-maxage=0" }, SID)).toBe("always-validated");
    expect(fate({ ...TAG, "cdn-cache-control": "max-age=0" }, ODD)).toBe("always-validated");
  });
});

describe("a field that belongs to one person", () => {
  it.each([
    "X-CSRF-Token",
    "X-XSRF-Token",
    "CSRF-Token",
    "X-My-Csrf",
    "Authorization",
    "Authentication-Info",
    "X-Auth-Token",
    "X-Access-Token",
    "X-Refresh-Token",
    "X-User",
    "X-User-Id",
    "X-Username",
    "X-Account-Id",
    "X-Customer-Email",
    "X-Session-Id",
    "X-JWT",
    "X-Api-Key",
    "X-Amzn-Oidc-Identity",
    "Set-Login",
    "Remote-User",
  ])("%s keeps its answer out of the store, whatever its lifetime", (name) => {
    for (const says of ["max-age=60", "public, s-maxage=60"])
      expect(fate({ [CC]: says, [name]: "1" })).toBe("personal-field");
    expect(fate({ "cdn-cache-control": "max-age=60", [name.toLowerCase()]: "1" })).toBe("personal-field");
  });

  it.each([
    ["with the version that makes it one", "a=1; Version=1", "personal-field"],
    ["the second of two", 'a=1, b=2; Path="/"; version=1', "personal-field"],
    ["of a session, though no version makes it one", "sid=1", "personal-field"],
    ["of a session among others", "a=1, sid=2", "personal-field"],
    ["without a version, which no client ever took", "a=c", "stored"],
  ])("RFC 2965 3.2.2: Set-Cookie2, %s", (_, value, reason) => {
    expect(fate({ [CC]: "public, max-age=60", "set-cookie2": value })).toBe(reason);
  });

  it.each([
    "X-Frame-Options",
    "X-XSS-Protection",
    "X-Test-Header",
    "X-Request-Id",
    "X-Powered-By",
    "X-User-Agent",
    "X-Content-Type-Options",
    "Clear-Site-Data",
    "X-Next-Page-Token",
    "X-Total-Count",
  ])("%s is nobody's", (name) => {
    expect(fate({ [CC]: "max-age=60", [name]: "1" })).toBe("stored");
  });

  it("is known by patterns in lower case", () => {
    expect(PERSONAL_FIELDS.filter((name) => name !== name.toLowerCase())).toEqual([]);
  });
});

describe("restrictions add up", () => {
  const FIELDS = [CC, "cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"] as const;
  it.each(FIELDS)("private or no-store in %s forbids a rule's lifetime", (name) => {
    for (const says of ["private", "no-store", "Private", "max-age=9, no-store"]) {
      for (const policy of [{ ttl: 60 }, { defaultTtl: 60 }, { minTtl: 60 }]) {
        const others = name === "cloudflare-cdn-cache-control" ? {} : { "cloudflare-cdn-cache-control": "public" };
        expect(["private", "no-store", "no-lifetime"], `${says} ${JSON.stringify(policy)}`).toContain(
          fate({ ...others, [name]: says, etag: '"a"' }, {}, "/page", policy),
        );
      }
    }
  });

  it("where the lifetime is the origin's own, the governing field decides (RFC 9213 2.2)", () => {
    expect(fate({ [CC]: "private", "cdn-cache-control": "max-age=60" })).toBe("stored");
    expect(fate({ [CC]: "private", "cdn-cache-control": "max-age=60" }, {}, "/page", { ttl: 60 })).toBe("private");
    expect(fate({ [CC]: "private", "cdn-cache-control": "max-age=60" }, {}, "/page", { maxTtl: 5 })).toBe("stored");
  });

  it.each([
    'content="ESI/1.0"',
    "stale-if-error=60",
    "stale-while-revalidate=60",
    "foo",
    "immutable",
    'content="ESI/1.0", foo=1',
  ])("%s in a targeted field leaves Cache-Control in force", (word) => {
    for (const name of ["surrogate-control", "cdn-cache-control", "cloudflare-cdn-cache-control"]) {
      expect(fate({ [name]: word, [CC]: "private, max-age=60" })).toBe("private");
      expect(fate({ [name]: word, [CC]: "private" }, {}, "/page", { ttl: 60 })).toBe("private");
      expect(fate({ [name]: word, [CC]: "max-age=60" })).toBe("stored");
    }
  });
});

describe("the table of request fields", () => {
  it("gives each family a reason, and names as gateways read them", () => {
    expect(REQUEST_FIELD_REASONS.map(([family]) => family)).toEqual(REQUEST_FIELDS);
    for (const [{ names }, why] of REQUEST_FIELD_REASONS) {
      expect(why).not.toBe("");
      for (const name of names.split(/\s+/))
        expect(asGatewaysRead(name.replaceAll("*", "-"))).toBe(name.replaceAll("*", "-"));
    }
  });

  it("names nothing twice", () => {
    const all = REQUEST_FIELDS.flatMap(({ names }) => names.split(/\s+/));
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });

  it.each([
    ["x-forwarded-anything", "override"],
    ["x_forwarded_anything", "override"],
    ["x.forwarded.host", "override"],
    ["cf-ray", "dropped"],
    ["referer", "dropped"],
    ["user-agent", "plain"],
    ["sec-fetch-mode", "on-demand"],
    ["hx-target", "fragment"],
    ["x_api_key", "credential"],
    ["x-anything", "unknown-x"],
    ["test-id", "unknown"],
  ])("%s is %s", (name, group) => {
    expect(DEFAULT_GROUPS(name)).toBe(group);
  });
});
