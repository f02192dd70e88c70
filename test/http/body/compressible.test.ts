// Owns the proof of what may be encoded here, and of what the header section then says.
import { describe, expect, it } from "vitest";
import { isCompressible, isWorthIt } from "../../../src/http/body/compressible.ts";
import type { HeaderPairs } from "../../../src/http/message/fields.ts";
import { encodedFields, negotiatedCoding, negotiatedFields } from "../../../src/http/answer/negotiated.ts";
import { requestOf, responseOf } from "../support.ts";

describe("isCompressible", () => {
  it.each([
    "text/html",
    "text/html; charset=utf-8",
    "TEXT/CSS",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "image/svg+xml",
    "application/javascript",
    "application/wasm",
    "font/ttf",
    "application/vnd.ms-fontobject",
  ])("%s may be", (type) => {
    expect(isCompressible(responseOf({ "content-type": type }))).toBe(true);
  });

  it.each([
    "image/png",
    "image/avif",
    "video/mp4",
    "audio/mpeg",
    "font/woff2",
    "application/zip",
    "application/octet-stream",
    "application/grpc",
    "text/event-stream",
    "",
  ])("%j may not be", (type) => {
    expect(isCompressible(responseOf({ "content-type": type }))).toBe(false);
  });

  it.each([
    ["is encoded", { "content-encoding": "x-own" }, 200],
    ["must not be transformed", { "cache-control": "max-age=9, no-transform" }, 200],
    ["must not be transformed, says another field", { "cdn-cache-control": "no-transform" }, 200],
    ["has no content", {}, 204],
  ])("text that %s may not be", (_, fields, status) => {
    expect(isCompressible(responseOf({ "content-type": "text/html", ...fields }, { status }))).toBe(false);
  });
});

it("a form is worth it from a twentieth saved", () => {
  expect([isWorthIt(951, 1000), isWorthIt(950, 1000), isWorthIt(1200, 1000)]).toEqual([false, true, false]);
});

describe("negotiated", () => {
  it.each([
    ["the client's and the site's", { "accept-encoding": "gzip, br" }, "br"],
    ["of the whole, whatever part of it is asked for", { "accept-encoding": "br", range: "bytes=0-1" }, "br"],
    ["none where the client forbids it", { "accept-encoding": "br", "cache-control": "No-Transform" }, "identity"],
    ["none for nothing", {}, "identity"],
  ])("coding: %s", (_, fields, coding) => {
    expect(negotiatedCoding(requestOf(fields), ["br", "gzip"])).toBe(coding);
  });

  it("fields: Vary for all, a weak tag for who has other bytes", () => {
    const headers = [["ETag", '"a"']] as const;
    expect(negotiatedFields(headers, "identity")).toEqual([...headers, ["Vary", "accept-encoding"]]);
    const weak = [
      ["ETag", 'W/"a"'],
      ["Vary", "accept-encoding"],
    ];
    expect(negotiatedFields(headers, "br")).toEqual(weak);
    expect(negotiatedFields([["ETag", 'W/"a"']], "br")).toEqual(weak);
    expect(negotiatedFields([["Vary", "*"]], "br")).toEqual([["Vary", "*"]]);
  });

  it("fields of the encoded bytes: nothing that describes others", () => {
    const plain = ["Content-Length", "Content-MD5", "content-digest", "Repr-Digest", "Accept-Ranges"].map(
      (name) => [name, "x"] as const,
    );
    expect(encodedFields([["ETag", 'W/"a"'], ...plain], "br")).toEqual([
      ["ETag", 'W/"a"'],
      ["Content-Encoding", "br"],
    ]);
  });

  it.each([
    ["the plain ones", (headers: HeaderPairs) => negotiatedFields(headers, "br")],
    ["the encoded ones", (headers: HeaderPairs) => encodedFields(headers, "br")],
  ])("fields of %s are made once for a section, and of many sections few are kept", (_, made) => {
    const sections = Array.from({ length: 2001 }, (): HeaderPairs =>
      Array.from({ length: 10 }, (_, i) => [`x-${i}`, ""]),
    );
    const [first = []] = sections;
    const fields = made(first);
    expect(made(first)).toBe(fields);
    for (const section of sections) made(section);
    expect(made(first)).not.toBe(fields);
    expect(made(first)).toEqual(fields);
  });
});
