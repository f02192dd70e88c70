// Owns the law of HEAD and POST for stored answers to GET: a HEAD confirms or contradicts one, and some POST answers a GET
// (RFC 9111 4.3.5, RFC 9110 9.3.3).
import { describe, expect, it } from "vitest";
import { answersGet } from "../../../src/http/law/post-answer.ts";
import type { Settle } from "../../../src/http/law/settle.ts";
import type { Stored } from "../../../src/http/law/stored.ts";
import { fateOfStored } from "../fate.ts";
import { at, type Fields, NOW, requestOf, responseOf, settled, storedFrom, valuesOf } from "../support.ts";

const CC = "Cache-Control";
const FENCE = { incarnation: "log-1", seq: 9 };
type Named = Readonly<Record<string, string>>;
const TAGGED: Named = { ETag: '"a"', "Last-Modified": at(-5000) };

describe("HEAD", () => {
  /** The answer to GET at NOW, three bytes long, fresh for 60 seconds. */
  const held = (fields: Named = TAGGED, parts: Partial<Stored> = {}): Stored => ({
    ...storedFrom({ [CC]: "max-age=60", Date: at(0), "X-A": "old", ...fields }),
    bodyLength: 3,
    ...parts,
  });

  /** The fate of the answer to a HEAD 100 seconds later. */
  const answered = (stored: Stored, says: Named, status = 200, asked: Fields = {}): Settle =>
    settled(
      { Date: at(100), ...says },
      { status, receivedAtMs: NOW + 100_000 },
      { request: requestOf(asked, { method: "HEAD" }), stored, fence: FENCE },
    );

  it.each<[string, Stored, Named, string]>([
    ["the same tag", held(), { ETag: '"a"' }, "head-freshened"],
    ["the same date", held(), { "Last-Modified": at(-5000) }, "head-freshened"],
    ["the same length", held(), { "Content-Length": "3" }, "head-response"],
    ["the same length, of what has no validator", held({}), { "Content-Length": "3" }, "head-response"],
    ["tag, date and length", held(), { ...TAGGED, "Content-Length": "3" }, "head-freshened"],
    ["nothing of the body", held(), { "X-A": "new" }, "head-response"],
    ["a length that is none", held(), { "Content-Length": "x" }, "head-response"],
    ["a tag that is none", held(), { ETag: "a" }, "head-response"],
    ["another tag", held(), { ETag: '"b"' }, "head-mismatch"],
    ["another tag and the same length", held(), { ETag: '"b"', "Content-Length": "3" }, "head-mismatch"],
    ["the same tag and another length", held(), { ETag: '"a"', "Content-Length": "4" }, "head-mismatch"],
    ["the same tag and another date", held(), { ETag: '"a"', "Last-Modified": at(-10) }, "head-mismatch"],
    ["another date", held(), { "Last-Modified": at(-10) }, "head-mismatch"],
    ["another length", held(), { "Content-Length": "0" }, "head-mismatch"],
    ["a tag where GET had none", held({}), { ETag: '"a"' }, "head-mismatch"],
    ["no tag where GET had one, the same date", held(), { "Last-Modified": at(-5000) }, "head-freshened"],
    ["the same, and no-store", held(), { ETag: '"a"', [CC]: "no-store" }, "no-store"],
    ["the same, and private", held(), { ETag: '"a"', [CC]: "private" }, "private"],
    ["the same, and a cookie", held(), { ETag: '"a"', "Set-Cookie": "a=1" }, "set-cookie"],
    ["the same, and Vary: *", held(), { ETag: '"a"', Vary: "*" }, "vary-star"],
  ])("RFC 9111 4.3.5: says %s", (_what, stored, says, reason) => {
    const verdict = answered(stored, says);
    expect([verdict.verdict, "reason" in verdict && verdict.reason]).toEqual(["pass-through", reason]);
    expect("freshened" in verdict && verdict.freshened !== undefined).toBe(reason === "head-freshened");
  });

  it.each([301, 404, 410])("RFC 9111 4.3.5: of another status says nothing of the body: %d", (status) => {
    const verdict = answered(held(), { ETag: '"a"', [CC]: "max-age=60" }, status);
    expect(verdict).toMatchObject({ verdict: "pass-through", reason: "head-response" });
    expect("freshened" in verdict).toBe(false);
  });

  it("RFC 9111 4.3.5: a 200 says nothing of a stored 404", () => {
    const verdict = answered(held({}, { status: 404 }), { "Content-Length": "3" });
    expect(verdict).not.toMatchObject({ reason: "head-freshened" });
  });

  it("RFC 9111 4.3.5: never makes an answer of its own", () => {
    const head = requestOf({}, { method: "HEAD" });
    expect(settled({ [CC]: "max-age=60" }, {}, { request: head })).toMatchObject({ reason: "head-response" });
  });

  function freshened(says: Named, stored = held()): Stored {
    const verdict = answered(stored, says);
    if (verdict.verdict !== "pass-through" || !verdict.freshened) throw new Error("expected a freshened record");
    return verdict.freshened;
  }

  it("RFC 9111 4.3.5: makes the stored response fresh again, with the fields it brings", () => {
    const stored = freshened({ ETag: '"a"', "X-A": "new", [CC]: "max-age=30", "Content-Type": "a/b" });
    expect(fateOfStored(stored, { after: 129 })).toBe("fresh");
    expect(fateOfStored(stored, { after: 130 })).toBe("ask: stale");
    expect(valuesOf(stored.headers, "x-a")).toEqual(["new"]);
    expect(stored.bodyLength).toBe(3);
  });

  it.each<[string, Named, number]>([
    ["a tag proves it", { ETag: '"a"' }, 9],
    ["a date does not", { "Last-Modified": at(-5000) }, 5],
  ])("nothing happened since the fetch: %s", (_what, says, seq) => {
    expect(freshened(says).fence.seq).toBe(seq);
  });
});

describe("POST", () => {
  const SAYS: Named = { [CC]: "max-age=60", "Content-Location": "/page" };

  it.each<[string, Named, number, boolean]>([
    ["its own URL, a lifetime", SAYS, 200, true],
    ["its own URL in full", { ...SAYS, "Content-Location": "https://shop.example/page" }, 200, true],
    ["its own URL, relative to itself", { ...SAYS, "Content-Location": "page" }, 200, true],
    ["its own URL by another spelling", { ...SAYS, "Content-Location": "/%70age" }, 200, true],
    ["Expires for a lifetime", { Expires: at(60), "Content-Location": "/page" }, 200, true],
    ["s-maxage for a lifetime", { [CC]: "s-maxage=60", "Content-Location": "/page" }, 200, true],
    ["no lifetime", { "Content-Location": "/page", "Last-Modified": at(-1000) }, 200, false],
    ["public alone", { [CC]: "public", "Content-Location": "/page" }, 200, false],
    ["no URL", { [CC]: "max-age=60" }, 200, false],
    ["an empty URL is its own", { ...SAYS, "Content-Location": "" }, 200, true],
    ["another path", { ...SAYS, "Content-Location": "/page/1" }, 200, false],
    ["another query", { ...SAYS, "Content-Location": "/page?x" }, 200, false],
    ["another host", { ...SAYS, "Content-Location": "https://evil.example/page" }, 200, false],
    ["another scheme", { ...SAYS, "Content-Location": "http://shop.example/page" }, 200, false],
    ["another port", { ...SAYS, "Content-Location": "https://shop.example:8443/page" }, 200, false],
    ["a network path", { ...SAYS, "Content-Location": "//evil.example/page" }, 200, false],
    ["what is no URL", { ...SAYS, "Content-Location": "https://[" }, 200, false],
    ["201", SAYS, 201, false],
    ["204", SAYS, 204, false],
    ["303", SAYS, 303, false],
    ["404", SAYS, 404, false],
  ])("RFC 9110 9.3.3: names %s", (_what, says, status, answers) => {
    expect(answersGet(requestOf({}, { method: "POST" }), responseOf(says, { status }))).toBe(answers);
  });

  it.each(["GET", "PUT", "PATCH", "DELETE", "post"])("RFC 9110 9.3.3: is not %s", (method) => {
    expect(answersGet(requestOf({}, { method }), responseOf(SAYS))).toBe(false);
  });
});
