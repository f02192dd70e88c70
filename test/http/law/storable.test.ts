// Owns the proof of which responses a shared cache may store, clause by clause.
import { describe, expect, it } from "vitest";
import type { SettlePolicy } from "../../../src/http/law/record.ts";
import { defineSite } from "../../../src/policy/define.ts";
import { at, type Fields, type RequestShape, requestOf, type ResponseShape, settled } from "../support.ts";

const CC = "cache-control";
const FRESH = { [CC]: "max-age=60" };

interface Case {
  readonly fields?: Fields;
  readonly response?: ResponseShape;
  readonly asked?: Fields;
  readonly request?: RequestShape;
  readonly policy?: Partial<SettlePolicy>;
}

/** "stored", or the reason why not. */
function outcome({ fields = FRESH, response, asked, request, policy }: Case): string {
  return settled(fields, response, { request: requestOf(asked, request) }, policy).reason;
}

describe("method and status", () => {
  it.each<[string, Case, string]>([
    ["GET", {}, "stored"],
    ["an answer to HEAD has no body", { request: { method: "HEAD" } }, "head-response"],
    ["not found, with a lifetime", { response: { status: 404 } }, "stored"],
    ["a redirect, with a lifetime", { response: { status: 302 } }, "stored"],
    ["a failure, with a lifetime", { response: { status: 503 } }, "stored"],
    ["an unknown status, with a lifetime", { response: { status: 299 } }, "stored"],
    ["a part", { response: { status: 206 } }, "status"],
    ["no valid status", { response: { status: 999 } }, "status"],
  ])("RFC 9111 3: %s", (_, each, reason) => {
    expect(outcome(each)).toBe(reason);
  });

  it.each([400, 401, 403, 405, 413, 414, 431, 500, 501, 502, 503, 504])(
    "a rule's lifetime does not make an error worth keeping: %d",
    (status) => {
      expect(outcome({ fields: {}, response: { status }, policy: { ttl: 60 } })).not.toBe("stored");
      expect(outcome({ fields: {}, response: { status }, policy: { defaultTtl: 60 } })).not.toBe("stored");
    },
  );

  it.each([200, 203, 301, 308, 404, 410])("a rule's lifetime keeps %d", (status) => {
    expect(outcome({ fields: {}, response: { status }, policy: { ttl: 60 } })).toBe("stored");
    expect(outcome({ fields: {}, response: { status }, policy: { defaultTtl: 60 } })).toBe("stored");
  });
});

describe("restrictions of the response", () => {
  it.each<[string, Fields, string]>([
    ["5.2.2.5: no-store", { [CC]: "no-store, max-age=60" }, "no-store"],
    ["5.2.2.5: no-store in capitals", { [CC]: "max-age=60,NO-STORE" }, "no-store"],
    ["5.2.2.5: no-store with an argument", { [CC]: "max-age=60, no-store=x" }, "no-store"],
    [
      "5.2.2.5: no-store in another line",
      [
        [CC, "max-age=60"],
        ["Cache-Control", "no-store"],
      ],
      "no-store",
    ],
    ["5.2.2.7: private", { [CC]: "private, max-age=60" }, "private"],
    ["5.2.2.7: private and public", { [CC]: "public, private, max-age=60" }, "private"],
    ["5.2.2.7: private with a list", { [CC]: 'private="x-user", max-age=60' }, "private"],
    ["5.2.2.7: private with an empty list", { [CC]: 'private="", max-age=60' }, "private"],
    ["5.2.2.7: set-cookie and more", { [CC]: 'private="set-cookie, x", max-age=60' }, "private"],
    ["5.2.2.7: private beside set-cookie alone", { [CC]: 'private, private="set-cookie", max-age=60' }, "private"],
    ["5.2.2.7: inside a string it says nothing", { [CC]: 'ext="private, no-store", max-age=60' }, "stored"],
    ["5.2.2.4: no-cache with a validator", { [CC]: "no-cache", etag: '"a"' }, "stored"],
    ["5.2.2.4: no-cache with a lifetime", { [CC]: "no-cache, max-age=60" }, "stored"],
    ["5.2.2.4: no-cache with neither", { [CC]: "no-cache" }, "expired"],
  ])("RFC 9111 %s", (_, fields, reason) => {
    expect(outcome({ fields })).toBe(reason);
  });

  it.each<[string, string, number, string]>([
    ["overrides no-store where the status is known", "no-store, must-understand, max-age=60", 200, "stored"],
    ["in any order", "max-age=60, MUST-UNDERSTAND, no-store", 404, "stored"],
    ["forbids where the status is not known", "no-store, must-understand, max-age=60", 299, "must-understand"],
    ["forbids also without no-store", "must-understand, max-age=60", 599, "must-understand"],
    ["does not override private", "no-store, must-understand, private, max-age=60", 200, "private"],
  ])("RFC 9111 5.2.2.3: must-understand %s", (_, value, status, reason) => {
    expect(outcome({ fields: { [CC]: value }, response: { status } })).toBe(reason);
  });

  it.each<[string, Fields, string]>([
    ["allows what Cache-Control forbids", { [CC]: "no-store", "cdn-cache-control": "max-age=60" }, "stored"],
    ["forbids what Cache-Control allows", { [CC]: "max-age=60", "cdn-cache-control": "no-store" }, "no-store"],
    ["private likewise", { [CC]: "max-age=60", "cloudflare-cdn-cache-control": "private" }, "private"],
    ["Surrogate-Control likewise", { [CC]: "max-age=60", "surrogate-control": "no-store" }, "no-store"],
    ["but an invalid one is ignored", { [CC]: "no-store", "cdn-cache-control": "max-age=60, &&&" }, "no-store"],
    ["so is one of the wrong type", { [CC]: "no-store", "cdn-cache-control": 'max-age="10000"' }, "no-store"],
  ])("RFC 9213 2.2: a targeted field %s", (_, fields, reason) => {
    expect(outcome({ fields })).toBe(reason);
  });
});

describe("cookies set", () => {
  it.each<[string, Case, string]>([
    ["not stored", { fields: { ...FRESH, "Set-Cookie": "a=1" } }, "set-cookie"],
    ["not even when public", { fields: { [CC]: "public, s-maxage=60", "set-cookie": "a=1" } }, "set-cookie"],
    ["not even by a rule", { fields: { "set-cookie": "a=1" }, policy: { ttl: 60, sharedRoute: true } }, "set-cookie"],
    ["an empty one", { fields: { ...FRESH, "set-cookie": "" } }, "set-cookie"],
    ['private="set-cookie"', { fields: { [CC]: 'max-age=60, private="set-cookie"', "set-cookie": "a=1" } }, "stored"],
    [
      "said by no-cache only",
      { fields: { [CC]: 'max-age=60, no-cache="set-cookie"', "set-cookie": "a" } },
      "set-cookie",
    ],
  ])("%s", (_, each, reason) => {
    expect(outcome(each)).toBe(reason);
  });
});

describe("authenticated requests", () => {
  const AUTHORIZATION = { Authorization: "Bearer x" };
  const SESSION = { Cookie: "a=1; sid=2" };
  const BOTH = { ...AUTHORIZATION, ...SESSION };

  it.each<[string, Fields, string, string]>([
    ["RFC 9111 3.5: Authorization", AUTHORIZATION, "max-age=60", "authorization-response"],
    ["RFC 9111 3.5: public", AUTHORIZATION, "max-age=60, public", "stored"],
    ["RFC 9111 3.5: s-maxage", AUTHORIZATION, "s-maxage=60", "stored"],
    ["RFC 9111 3.5: must-revalidate", AUTHORIZATION, "max-age=60, must-revalidate", "stored"],
    ["RFC 9111 3.5: not proxy-revalidate", AUTHORIZATION, "max-age=60, proxy-revalidate", "authorization-response"],
    ["RFC 9111 3.5: not no-cache", AUTHORIZATION, "max-age=60, no-cache", "authorization-response"],
    ["a session cookie", SESSION, "max-age=60", "session-response"],
    ["a session cookie, public", SESSION, "max-age=60, public", "stored"],
    ["a session cookie, s-maxage", SESSION, "s-maxage=60", "stored"],
    [
      "a session cookie, must-revalidate says nothing of it",
      SESSION,
      "max-age=60, must-revalidate",
      "session-response",
    ],
    ["both, must-revalidate", BOTH, "max-age=60, must-revalidate", "session-response"],
    ["both, public", BOTH, "max-age=60, public", "stored"],
    ["another cookie is no session", { Cookie: "theme=dark" }, "max-age=60", "stored"],
    ["public does not undo private", AUTHORIZATION, "public, private, max-age=60", "private"],
  ])("%s", (_, asked, value, reason) => {
    expect(outcome({ fields: { [CC]: value }, asked })).toBe(reason);
  });

  it.each([
    ["Authorization", AUTHORIZATION],
    ["session", SESSION],
    ["both", BOTH],
  ])("a shared route: %s", (_, asked) => {
    expect(outcome({ asked, policy: { sharedRoute: true } })).toBe("stored");
    expect(outcome({ asked, policy: { ttl: 60 } })).not.toBe("stored");
  });
});

describe("other reasons", () => {
  it.each<[string, Case, string]>([
    ["RFC 9111 5.2.1.5: the request says no-store", { asked: { [CC]: "No-Store" } }, "request-no-store"],
    ["RFC 9111 4.1: Vary: *", { fields: { ...FRESH, vary: "accept, *" } }, "vary-star"],
    ["Vary: Cookie", { fields: { ...FRESH, vary: "Cookie" } }, "vary-cookie"],
    ["Vary: Authorization", { fields: { ...FRESH, vary: "authorization" } }, "vary-authorization"],
    ["an ambiguous path, even with a lifetime", { request: { path: "/me%2fx.css" } }, "ambiguous-path"],
    [
      "a static name with another type",
      { request: { path: "/me/x.css" }, fields: { ...FRESH, "content-type": "text/html" } },
      "type-mismatch",
    ],
    ["RFC 9111 3: no lifetime at all", { fields: {} }, "no-lifetime"],
    ["RFC 9111 3: no lifetime, though a validator", { fields: { etag: '"a"' } }, "no-lifetime"],
    ["RFC 9111 3: over, without a validator", { fields: { [CC]: "max-age=0" } }, "expired"],
    ["RFC 9111 3: over, with an ETag", { fields: { [CC]: "max-age=0", etag: '"a"' } }, "stored"],
    ["RFC 9111 3: over, with Last-Modified", { fields: { [CC]: "max-age=0", "last-modified": at(-9) } }, "stored"],
    ["RFC 9111 3: over, with a broken ETag", { fields: { [CC]: "max-age=0", etag: "a" } }, "expired"],
    [
      "RFC 9111 3: over, with a broken Last-Modified",
      { fields: { [CC]: "max-age=0", "last-modified": "x" } },
      "expired",
    ],
    ["RFC 9111 3: Expires in the past", { fields: { expires: "0" } }, "expired"],
    ["RFC 5861 3: over, with a window", { fields: { [CC]: "max-age=0, stale-while-revalidate=9" } }, "stored"],
    ["RFC 5861 4: over, with an error window", { fields: { [CC]: "max-age=0, stale-if-error=9" } }, "stored"],
    ["over, with a rule's window", { fields: { [CC]: "max-age=0" }, policy: { staleWhileRevalidate: 9 } }, "stored"],
    ["over, with a rule's error window", { fields: { [CC]: "max-age=0" }, policy: { staleIfError: 9 } }, "stored"],
    [
      "RFC 9111 4.2.4: over, with a window that may not be used",
      { fields: { [CC]: "max-age=0, stale-while-revalidate=9, must-revalidate" } },
      "expired",
    ],
    ["a coding nobody asked for, which reading undoes", { fields: { ...FRESH, "content-encoding": "gzip" } }, "stored"],
    ["a coding that is bytes like any bytes", { fields: { ...FRESH, "content-encoding": "x-own" } }, "stored"],
    [
      "a part of an encoded body",
      { fields: { ...FRESH, "content-encoding": "gzip", "content-range": "bytes 0-1/9" }, response: { status: 206 } },
      "content-encoding",
    ],
    ["server-sent events", { fields: { ...FRESH, "content-type": "Text/Event-Stream; charset=utf-8" } }, "endless"],
    [
      "pictures without end",
      { fields: { ...FRESH, "content-type": "multipart/x-mixed-replace;boundary=x" } },
      "endless",
    ],
    ["a body larger than any tier takes", { fields: { ...FRESH, "content-length": "512000001" } }, "too-large"],
    ["a body as large as a tier takes", { fields: { ...FRESH, "content-length": "512000000" } }, "stored"],
    ["more tags than can be purged by", { fields: { ...FRESH, "cache-tag": tags(1001) } }, "too-many-tags"],
    ["a tag longer than can be purged by", { fields: { ...FRESH, "cache-tag": "x".repeat(1025) } }, "tag-too-long"],
    ["RFC 9111 4.2.2: a guessed lifetime", { fields: { "last-modified": at(-1000) } }, "stored"],
  ])("%s", (_, each, reason) => {
    expect(outcome(each)).toBe(reason);
  });

  it("nothing is stored while the purge log is unknown", () => {
    expect(settled(FRESH, {}, { fence: undefined })).toMatchObject({
      verdict: "pass-through",
      reason: "purge-unknown",
    });
  });

  it("a rule that ignores clients' directives also stores what they say no-store to", () => {
    const [rule] = defineSite({ rules: [{ match: "/*", client: "ignore" }] }).rules;
    expect(outcome({ asked: { [CC]: "no-store" }, policy: rule ?? {} })).toBe("stored");
  });
});

function tags(count: number): string {
  return Array.from({ length: count }, (_, index) => `t${String(index)}`).join();
}
