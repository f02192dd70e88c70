// Proves the sharing of answers: storing, lifetimes, and marks of one person's answers.
import { describe, expect, test } from "vitest";
import type { Answer } from "../../../origin-mock/gateway/answer.ts";
import { rowFor } from "../../../origin-mock/gateway/lifetimes.ts";
import type { Row } from "../../../origin-mock/gateway/lifetimes.ts";
import { confinement, isPublic, isUnshared, keepingOf } from "../../../origin-mock/gateway/policy.ts";

const row = (path: string): Row => {
  const found = rowFor(path);
  if (found === undefined) throw new Error(`no row for ${path}`);
  return found;
};
const PRODUCT = row("/api/products/7");
const PROFILE = row("/api/me/profile");

type Fields = Readonly<Record<string, string>>;
const answer = (fields: Fields, status = 200): Answer => ({
  status,
  headers: Object.entries(fields),
  body: new Uint8Array(),
});
const OPEN = { "cache-control": "public, max-age=10", "cdn-cache-control": "public, max-age=300" };

test.each(["/", "/api/me/payment-methods", "/api/cart", "/api/products/7/reviews", "/static/x.css", "/api/products/"])(
  "%s is in no row",
  (path) => expect(rowFor(path)).toBeUndefined(),
);

describe("what is kept of a public path", () => {
  const shared = (lifetimeMs: number, audience = "everyone") => ({ keep: "shared", audience, lifetimeMs });
  const nothing = (reason: string) => ({ keep: "nothing", reason });
  test.each<[string, Fields, number, object, object]>([
    // fields, status, to nobody with credentials, to somebody with some
    ["public", OPEN, 200, shared(30_000), shared(30_000)],
    ["a shorter freshness", { "cache-control": "public, max-age=3" }, 200, shared(3_000), shared(3_000)],
    ["an age of its own", { "cache-control": "public, max-age=9", age: "4" }, 200, shared(5_000), shared(5_000)],
    [
      "an age past it",
      { "cache-control": "public, max-age=9", age: "9" },
      200,
      nothing("no-freshness"),
      nothing("no-freshness"),
    ],
    ["an age that is none", { ...OPEN, age: "x" }, 200, nothing("no-freshness"), nothing("no-freshness")],
    ["missing", OPEN, 404, shared(5_000), shared(5_000)],
    [
      "not said to be public",
      { "cache-control": "max-age=10" },
      200,
      shared(10_000, "anonymous"),
      nothing("not-public"),
    ],
    ["no freshness", { "cache-control": "public" }, 200, nothing("no-freshness"), nothing("no-freshness")],
    ["nothing said", {}, 200, nothing("no-freshness"), nothing("no-freshness")],
    ["private", { "cache-control": "private, max-age=10" }, 200, nothing("forbidden"), nothing("forbidden")],
    [
      "private for browsers, public for the edge",
      { ...OPEN, "cache-control": "private, max-age=10" },
      200,
      nothing("forbidden"),
      nothing("forbidden"),
    ],
    [
      "partly private",
      { "cache-control": 'public, private="x-user", max-age=10' },
      200,
      nothing("forbidden"),
      nothing("forbidden"),
    ],
    ["no-store", { "cache-control": "no-store" }, 200, nothing("forbidden"), nothing("forbidden")],
    [
      "no-store for the edge",
      { ...OPEN, "cdn-cache-control": "no-store" },
      200,
      nothing("forbidden"),
      nothing("forbidden"),
    ],
    ["no-cache", { "cache-control": "public, max-age=10, no-cache" }, 200, nothing("forbidden"), nothing("forbidden")],
    ["unreadable", { "cache-control": 'public, max-age=10, "' }, 200, nothing("forbidden"), nothing("forbidden")],
    ["a cookie", { ...OPEN, "set-cookie": "a=1" }, 200, nothing("set-cookie"), nothing("set-cookie")],
    ["by language", { ...OPEN, vary: "Accept-Language" }, 200, shared(30_000), shared(30_000)],
    ["by person", { ...OPEN, vary: "Accept-Language, Cookie" }, 200, nothing("vary"), nothing("vary")],
    ["by anything", { ...OPEN, vary: "*" }, 200, nothing("vary"), nothing("vary")],
    [
      "more tags than can be purged",
      { ...OPEN, "cache-tag": Array.from({ length: 1_001 }, (_, i) => i).join(",") },
      200,
      nothing("tags"),
      nothing("tags"),
    ],
    ["a part", OPEN, 206, nothing("status"), nothing("status")],
    ["a redirect", OPEN, 301, nothing("status"), nothing("status")],
    ["401", OPEN, 401, nothing("status"), nothing("status")],
    ["403", OPEN, 403, nothing("status"), nothing("status")],
    ["500", OPEN, 500, nothing("status"), nothing("status")],
  ])("%s", (_, fields, status, toAnonymous, toCredentialed) => {
    expect(keepingOf(answer(fields, status), PRODUCT, "anonymous")).toEqual(toAnonymous);
    expect(keepingOf(answer(fields, status), PRODUCT, "credentialed")).toEqual(toCredentialed);
  });
});

describe("what is kept of a person's path, under the person", () => {
  test.each<[string, Fields, number, object]>([
    [
      "private",
      { "cache-control": "private, max-age=30", vary: "Authorization, Cookie" },
      200,
      { keep: "person", lifetimeMs: 10_000 },
    ],
    ["private, for a moment", { "cache-control": "private, max-age=2" }, 200, { keep: "person", lifetimeMs: 2_000 }],
    ["no-store", { "cache-control": "no-store" }, 200, { keep: "nothing", reason: "forbidden" }],
    ["private, no-cache", { "cache-control": "private, no-cache" }, 200, { keep: "nothing", reason: "forbidden" }],
    ["missing", { "cache-control": "private, max-age=30" }, 404, { keep: "nothing", reason: "no-freshness" }],
    ["refused", { "cache-control": "private, max-age=30" }, 401, { keep: "nothing", reason: "status" }],
    [
      "by another field",
      { "cache-control": "private, max-age=30", vary: "User-Agent" },
      200,
      { keep: "nothing", reason: "vary" },
    ],
  ])("%s", (_, fields, status, keeping) => {
    expect(keepingOf(answer(fields, status), PROFILE, "credentialed")).toEqual(keeping);
  });
});

describe("what leaves for somebody with credentials", () => {
  const WHOSE = "Authorization, Cookie";
  test.each<[string, Fields, Fields]>([
    ["public stays", OPEN, {}],
    ["nothing said", {}, { "cache-control": "private", vary: WHOSE }],
    ["a lifetime", { "cache-control": "max-age=9" }, { "cache-control": "private, max-age=9", vary: WHOSE }],
    ["no-cache", { "cache-control": "no-cache" }, { "cache-control": "private, no-cache", vary: WHOSE }],
    ["private is enough", { "cache-control": "private, max-age=9", vary: WHOSE }, {}],
    ["no-store is never weakened, and chosen by nobody", { "cache-control": "no-store" }, {}],
    [
      "private for some fields is not private",
      { "cache-control": 'private="x-a, x-b", max-age=9', vary: WHOSE },
      { "cache-control": 'private, private="x-a, x-b", max-age=9' },
    ],
    ["unreadable", { "cache-control": '"', vary: WHOSE }, { "cache-control": 'private, "' }],
    // The edge reads only this one.
    [
      "a targeted field is confined too",
      { "cache-control": "private", "cdn-cache-control": "max-age=300", vary: "cookie" },
      { "cdn-cache-control": "private, max-age=300", vary: "cookie, Authorization" },
    ],
    [
      "public for browsers, not for the edge",
      { "cache-control": "public, max-age=9", "cdn-cache-control": "max-age=300" },
      { "cdn-cache-control": "private, max-age=300", "cache-control": "private, max-age=9", vary: WHOSE },
    ],
    ["what varies on everything says it all", { "cache-control": "private", vary: "*" }, {}],
  ])("%s", (_, fields, changes) => {
    expect(Object.fromEntries(confinement((name) => fields[name]))).toEqual(changes);
  });

  test.each<[Fields, boolean, boolean]>([
    [OPEN, true, false],
    [{ "cache-control": "max-age=9" }, false, false],
    [{ "cache-control": "no-cache" }, false, false],
    [{ "cache-control": "private" }, false, true],
    [{ "cache-control": "no-store" }, false, true],
    [{ "cache-control": "no-store", "cdn-cache-control": "public, max-age=9" }, false, false],
    [{}, false, false],
  ])("%o: public %s, shared by nobody %s", (fields, open, unshared) => {
    const field = (name: string): string | undefined => fields[name];
    expect([isPublic(field), isUnshared(field)]).toEqual([open, unshared]);
  });
});
