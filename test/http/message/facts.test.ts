// Owns the proof that headers become facts: authentication, the wanted range, the governing field.
import { describe, expect, it } from "vitest";
import { NOW, requestOf, responseOf } from "../support.ts";

describe("a session", () => {
  it.each([
    ["the cookie alone", "sid=1", true],
    ["among others", "a=1; sid=2; b=3", true],
    ["without white space", "a=1;sid=2", true],
    ["without a value", "sid", true],
    ["with an empty value", "sid=", true],
    ["with white space around the name", "a=1;  sid =2", true],
    ["lines joined with a comma", "a=1, sid=2", true],
    ["after a quoted value", 'a="x; sid=2"', true],
    ["a value that looks like the name", "a=sid", false],
    ["a longer name", "sid2=1", false],
    ["a name in front of it", "xsid=1", false],
    ["another cookie", "theme=dark", false],
    ["nothing", "", false],
  ])("RFC 6265 4.2.1: %s", (_, cookie, verdict) => {
    expect(requestOf({ Cookie: cookie }).hasSession).toBe(verdict);
  });

  it("is none without a Cookie field", () => {
    expect(requestOf().hasSession).toBe(false);
  });
});

it.each([
  ["credentials", { Authorization: "Bearer x" }, true],
  ["the field in capitals", { AUTHORIZATION: "Basic x" }, true],
  ["an empty field", { authorization: "" }, true],
  ["another field", { "Proxy-Authorization": "Basic x" }, false],
])("RFC 9110 11.6.2: %s", (_, fields, verdict) => {
  expect(requestOf(fields).hasAuthorization).toBe(verdict);
});

it("RFC 9111 5.2.1, 5.4: reads what the client asks, Pragma only without Cache-Control", () => {
  expect(requestOf({ "Cache-Control": "Max-Age=5" }).directives.maxAge).toBe(5);
  expect(requestOf({ Pragma: "no-cache" }).directives.noCache).toBe(true);
  expect(requestOf({ Pragma: "no-cache", "Cache-Control": "x" }).directives.noCache).toBe(false);
});

it("RFC 9110 5.3: joins a response's lines, whatever the case of their names", () => {
  const facts = responseOf([
    ["Cache-Control", "max-age=60"],
    ["CACHE-CONTROL", "private"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
  expect(facts.governing.directives).toMatchObject({ maxAge: 60, private: true });
  expect(facts.field("set-cookie")).toBe("a=1, b=2");
  expect(facts.headers).toHaveLength(4);
  expect(facts.receivedAtMs).toBe(NOW);
});
