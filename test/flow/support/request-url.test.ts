// Owns the proof that a request's URL is read alike however often it comes, and whatever came between.
import fc from "fast-check";
import { expect, it } from "vitest";
import { urlReader } from "../../../src/flow/support/request-url.ts";

it.each([
  ["https://shop.test/a?b=1", { scheme: "https", host: "shop.test", path: "/a", query: "?b=1" }],
  ["http://SHOP.test:80/%61/../b%2f", { scheme: "http", host: "shop.test", path: "/b%2F", query: "" }],
  ["http://[2001:DB8::1]:8080/", { scheme: "http", host: "[2001:db8::1]:8080", path: "/", query: "" }],
  ["http://shop.test//evil.test/", { scheme: "http", host: "shop.test", path: "//evil.test/", query: "" }],
  ["https://shop.test./a", { scheme: "https", host: "shop.test", path: "/a", query: "" }],
  ["https://SHOP.test.:443/a", { scheme: "https", host: "shop.test", path: "/a", query: "" }],
  ["https://shop.test.:8443/a", { scheme: "https", host: "shop.test:8443", path: "/a", query: "" }],
  ["https://localhost./", { scheme: "https", host: "localhost", path: "/", query: "" }],
  ["http://shop.test/%%361/%2%65", { scheme: "http", host: "shop.test", path: "/%2561/%252e", query: "" }],
  ["http://shop.test/?a='b\"<>", { scheme: "http", host: "shop.test", path: "/", query: "?a=%27b%22%3C%3E" }],
  ["http://shop.test/.strataX", { scheme: "http", host: "shop.test", path: "/.strataX", query: "" }],
  ["https://shop.test/?", { scheme: "https", host: "shop.test", path: "/", query: "" }],
])("%s", (text, location) => {
  const read = urlReader();
  for (let i = 0; i < 2; i++) expect(read(text)).toEqual({ ok: true, location });
});

it.each([
  ["", "the request's target is not a URL"],
  ["http://", "the request's target is not a URL"],
  ["http://a@shop.test/", "the request's host contains userinfo"],
  ["http://:b@shop.test/", "the request's host contains userinfo"],
  ["http://sh'op.test/", "the request's URL has no valid host"],
  ["http://shop.test../", "the request's URL has no valid host"],
  ["http://shop..test/", "the request's URL has no valid host"],
  ["http://./", "the request's URL has no valid host"],
])("%j is refused each time", (text, detail) => {
  const read = urlReader();
  for (let i = 0; i < 2; i++) expect(read(text)).toMatchObject({ ok: false, detail });
});

it("refuses a path of the edge's own, each time", () => {
  const read = urlReader();
  for (let i = 0; i < 2; i++)
    expect(read("http://shop.test/%252E%53trata//x")).toMatchObject({ ok: false, status: 404, detail: "not found" });
});

it("a reader that remembers URLs agrees with a new one, after any others, few and many, short and long", () => {
  const piece = fc.constantFrom("a", "A", "%61", "%2f", "..", "?x=1", "/", "é", "b".repeat(300), "@", ":81", "\\");
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => `http://shop.test/${pieces.join("")}`);
  const one = urlReader();
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), (texts) => {
      for (const each of [...texts, ...texts]) expect(one(each)).toEqual(urlReader()(each));
    }),
  );
  for (let i = 0; i < 3000; i++) one(`http://shop.test/${String(i)}`);
  expect(one("http://shop.test/7")).toEqual(urlReader()("http://shop.test/7"));
});
