// Owns the proof of which field governs a response, and how a structured targeted field is read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { governing } from "../../../src/http/message/targeted.ts";
import { responseOf } from "../support.ts";

const CLOUDFLARE = "cloudflare-cdn-cache-control";
const CDN = "cdn-cache-control";
const SURROGATE = "surrogate-control";
const PLAIN = "cache-control";

describe("precedence", () => {
  it.each([
    ["nothing", {}, "none", undefined],
    ["Cache-Control alone", { [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["Surrogate-Control over Cache-Control", { [SURROGATE]: "max-age=2", [PLAIN]: "max-age=1" }, SURROGATE, 2],
    ["CDN-Cache-Control over Surrogate-Control", { [CDN]: "max-age=3", [SURROGATE]: "max-age=2" }, CDN, 3],
    ["Cloudflare-CDN-Cache-Control over all", { [CLOUDFLARE]: "max-age=4", [CDN]: "max-age=3" }, CLOUDFLARE, 4],
    ["the same in capitals", { "CDN-Cache-Control": "max-age=3", "Cache-Control": "max-age=1" }, CDN, 3],
    ["an empty targeted field is ignored", { [CDN]: " ", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["an empty Surrogate-Control is ignored", { [SURROGATE]: "", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["an empty Cache-Control governs without a word", { [PLAIN]: "" }, PLAIN, undefined],
    ["an invalid field gives way to the next", { [CLOUDFLARE]: "max-age=", [CDN]: "max-age=3" }, CDN, 3],
    ["no comma between members is invalid", { [CDN]: "max-age=3 private", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["a trailing comma is invalid", { [CDN]: "max-age=3,", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["capitals are no key of a Dictionary", { [CDN]: "MAX-AGE=3", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["more than 15 digits are no Integer", { [CDN]: `max-age=${"9".repeat(16)}`, [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["an unknown directive says nothing to a cache", { [CDN]: "foo", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["nor does a stale window", { [CDN]: "stale-if-error=60", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["nor another machinery's word", { [SURROGATE]: 'content="ESI/1.0"', [PLAIN]: "private" }, PLAIN, undefined],
    ["nor a lifetime that is false", { [CDN]: "max-age=?0", [PLAIN]: "max-age=1" }, PLAIN, 1],
    ["public alone governs", { [CDN]: "public", [PLAIN]: "max-age=1" }, CDN, undefined],
    [
      "unlike Cache-Control, another target's field is nothing",
      { "akamai-cache-control": "max-age=9" },
      "none",
      undefined,
    ],
  ])("RFC 9213 2.1, 2.2: %s", (_, fields, field, maxAge) => {
    const verdict = governing(responseOf(fields).field);
    expect(verdict.field).toBe(field);
    expect(verdict.directives.maxAge).toBe(maxAge);
  });
});

describe("structured values", () => {
  it.each([
    ["a bare key is true", "no-store, private", { noStore: true, private: true }],
    ["?1 is true", "no-store=?1", { noStore: true }],
    ["?0 is as if absent", "no-store=?0, max-age=1", { noStore: false, maxAge: 1 }],
    ["parameters are ignored", "max-age=60;foo=bar", { maxAge: 60 }],
    ["a String", 'private="set-cookie"', { private: false, privateSetCookie: true }],
    ["a Token", "private=set-cookie", { private: false, privateSetCookie: true }],
    ["an Inner List qualifies nothing", 'private=("set-cookie")', { private: true, privateSetCookie: false }],
    ["a Byte Sequence qualifies nothing", "private=:c2V0LWNvb2tpZQ==:", { private: true, privateSetCookie: false }],
    ["a Decimal is stale", "max-age=60.5", { maxAge: 0 }],
    ["a negative Integer is stale", "max-age=-60", { maxAge: 0 }],
    ["a Token is stale", "max-age=a", { maxAge: 0 }],
    ["a Boolean is stale", "max-age", { maxAge: 0 }],
    ["the last of duplicate keys counts", "max-age=60, max-age=5", { maxAge: 5 }],
    ["2^31 is capped", "max-age=2147483648", { maxAge: 2147483647 }],
    ["15 digits are capped", `max-age=${"9".repeat(15)}`, { maxAge: 2147483647 }],
    ["windows", "max-age=1, stale-while-revalidate=3, stale-if-error=4", { staleWhileRevalidate: 3, staleIfError: 4 }],
  ])("RFC 9213 2.1: %s", (_, value, said) => {
    const verdict = governing(responseOf({ [CDN]: value, [PLAIN]: "max-age=999, public" }).field);
    expect(verdict.field).toBe(CDN);
    expect(verdict.directives).toMatchObject(said);
    expect(verdict.directives.public).toBe(false);
  });

  it("RFC 9213 2.1: lines of one field are one Dictionary", () => {
    const { field } = responseOf([
      ["CDN-Cache-Control", "max-age=60"],
      ["cdn-cache-control", "no-store"],
    ]);
    expect(governing(field).directives).toMatchObject({ maxAge: 60, noStore: true });
  });
});

it("RFC 9213 2.1: a lifetime that is a String is not a lifetime", () => {
  const { directives } = governing(responseOf({ [CDN]: 'max-age="10000"', [PLAIN]: "no-store" }).field);
  expect(directives.maxAge ?? 0).toBe(0);
});

it.each([
  ["its own grammar, not a Dictionary's", "Max-Age=60", { maxAge: 60 }],
  ["the vendor's sum of two lifetimes is stale", "max-age=60+600", { maxAge: 0 }],
  ["no-store", "NO-STORE", { noStore: true }],
  ["a capability beside a lifetime", 'max-age=5, content="ESI/1.0"', { maxAge: 5 }],
])("Surrogate-Control: %s", (_, value, said) => {
  const verdict = governing(responseOf({ [SURROGATE]: value, [PLAIN]: "max-age=1" }).field);
  expect(verdict.field).toBe(SURROGATE);
  expect(verdict.directives).toMatchObject(said);
});

it("never throws, whatever the four fields hold", () => {
  const value = fc.option(fc.string({ unit: "binary" }), { nil: undefined });
  fc.assert(
    fc.property(fc.record({ [CLOUDFLARE]: value, [CDN]: value, [SURROGATE]: value, [PLAIN]: value }), (fields) => {
      const present = Object.entries(fields).flatMap(([name, text]) =>
        text === undefined ? [] : [[name, text] as const],
      );
      governing(responseOf(present).field);
    }),
  );
});

it.each([
  ["private, then qualified", 'max-age=60, private, private="set-cookie"', { private: true, privateSetCookie: false }],
  ["no-store, then taken back", "max-age=60, no-store, no-store=?0", { noStore: true }],
  ["no-cache, then taken back", "no-cache, max-age=60, no-cache=?0", { noCache: true }],
  ["said once, and that it is not meant", "max-age=60, no-store=?0", { noStore: false }],
])("fails closed where a restriction is said twice: %s", (_, value, expected) => {
  expect(governing(responseOf({ [CDN]: value }).field).directives).toMatchObject(expected);
});
