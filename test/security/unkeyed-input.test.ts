// Owns the proof that a client cannot choose what the origin answers by a header the key does not hold.
import { describe, expect, it } from "vitest";
import { forwardedToOrigin, passedToOrigin } from "../../src/http/message/field-table.ts";
import { type HeaderPairs, readerOf } from "../../src/http/message/fields.ts";
import { isForwardedNormalised, matchesVariant, normalisedValue, variantOf } from "../../src/http/select/vary.ts";
import { at, requestOf, settled } from "../http/support.ts";

function forwarded(pairs: HeaderPairs): HeaderPairs {
  return forwardedToOrigin(pairs, readerOf(pairs));
}

describe("headers that override host, path, method or scheme do not reach the origin", () => {
  it.each([
    "Forwarded",
    "Front-End-Https",
    "Host",
    "X-Envoy-Original-Path",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Path",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded-Uri",
    "X-Host",
    "X-HTTP-Host-Override",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Invoke-Path",
    "X-Invoke-Query",
    "X-Invoke-Status",
    "X-Matched-Path",
    "X-Method-Override",
    "X-Middleware-Subrequest",
    "X-Now-Route-Matches",
    "X-Original-Host",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Url-Scheme",
  ])("%s", (name) => {
    expect(forwarded([[name, "evil.example"]])).toEqual([]);
    expect(forwarded([[name.toLowerCase(), "evil.example"]])).toEqual([]);
    // a gateway interface gives the origin's program the same variable for both spellings
    expect(forwarded([[name.replaceAll("-", "_"), "evil.example"]])).toEqual([]);
  });
});

// a gateway interface gives the origin's program the same variable for both spellings
describe("the twin with _ of a field that is decided here does not reach the origin", () => {
  it.each([
    "If_None_Match",
    "If-None_Match",
    "If_Modified_Since",
    "If_Range",
    "If_Match",
    "Proxy_Authorization",
    "Transfer_Encoding",
    "Keep_Alive",
    "Accept_Encoding",
    "X_Request_Id",
    "X-Forwarded_Host",
    "X_HTTP-Method_Override",
  ])("%s", (name) => {
    expect(forwarded([[name, "evil"]])).toEqual([]);
    // nor where the client's own conditionals go on
    expect(passedToOrigin([[name, "evil"]], readerOf([[name, "evil"]]))).toEqual([]);
  });

  it.each(["X_Tracking", "x_a-b"])("%s is nobody's twin", (name) => {
    expect(forwarded([[name, "1"]])).toEqual([[name, "1"]]);
  });
});

describe("the twin of a field that the answer turns out to vary on", () => {
  it.each<[string, readonly string[], string, string]>([
    ["the same name", ["x_plan"], "X-Plan", "vary-twin"],
    ["half of it", ["x_plan-b"], "Accept, X-Plan-B", "vary-twin"],
    ["another name", ["x_plan"], "X-Geo", "unkeyed-field"],
    ["the field itself", ["x-plan"], "X-Plan", "stored"],
    ["nothing", ["x_plan"], "", "unkeyed-field"],
  ])("keeps it out of the store: %s", (_, names, vary, reason) => {
    const request = requestOf(names.map((name) => [name, "1"] as const));
    expect(settled({ "Cache-Control": "max-age=60", Date: at(0), Vary: vary }, {}, { request })).toMatchObject({
      reason,
    });
  });
});

describe("the origin receives exactly the keyed values", () => {
  const VARIES = ["accept-language", "x-theme", "origin"];

  it.each<[string, HeaderPairs]>([
    [
      "listed by Connection",
      [
        ["connection", "accept-language"],
        ["accept-language", "de"],
      ],
    ],
    [
      "listed by Connection among others",
      [
        ["connection", "close, X-Theme"],
        ["x-theme", "dark"],
      ],
    ],
    [
      "plain",
      [
        ["accept-language", "de, en;q=0.5"],
        ["x-theme", "dark"],
      ],
    ],
  ])("%s", (_, sent) => {
    const seen = forwarded(sent).map(([name, value]) => {
      return [name, isForwardedNormalised(name, []) ? (normalisedValue(name, value) ?? "") : value] as const;
    });
    // the key the request is filed under must fit a request that says only what the origin saw
    const keyed = variantOf(VARIES, requestOf(sent).field);
    expect(matchesVariant(keyed, requestOf(seen).field)).toBe(true);
  });

  it.each([
    ["nothing against an empty field", "x-theme", ""],
    ["nothing against an empty list", "x-theme", ","],
    ["nothing against an empty list of languages", "accept-language", " , "],
  ])("RFC 9111 4.1: %s", (_, name, value) => {
    const keyed = variantOf(VARIES, requestOf({ [name]: value }).field);
    expect(matchesVariant(keyed, requestOf({}).field)).toBe(false);
  });
});
