// Proves answers as plain data: taken, written, read back, and given with the right age, status and fields.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerOf, decodeAnswer, deliver, encodeHead } from "../../../origin-mock/gateway/answer.ts";
import type { Answer, Reader } from "../../../origin-mock/gateway/answer.ts";
import { takeBody } from "../../../origin-mock/gateway/body.ts";

const NOW_MS = Date.UTC(2026, 9, 1, 12);
interface Conditions {
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
}
const reader = ({ ifNoneMatch, ifModifiedSince }: Conditions): Reader => ({
  field: (name) =>
    new Map([
      ["if-none-match", ifNoneMatch],
      ["if-modified-since", ifModifiedSince],
    ]).get(name),
  nowMs: NOW_MS,
});
const NO_CONDITIONS = reader({});
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const FIELDS = {
  "Content-Type": "application/json",
  "Content-Length": "2",
  "Content-Language": "de",
  "Cache-Control": "public, max-age=10",
  "Cache-Tag": "product:7",
  Vary: "Accept-Language",
  ETag: '"7-1"',
  "Last-Modified": "Thu, 01 Oct 2026 11:00:00 GMT",
};
const taken = (status = 200, more: Record<string, string> = {}): Answer =>
  answerOf(new Response(null, { status, headers: { ...FIELDS, ...more } }), bytes("{}"), NOW_MS);
const names = (response: Response): string[] => [...response.headers.keys()];

test("what belongs to one exchange is not kept", () => {
  const answer = taken(200, {
    "X-Request-Id": "r",
    "Server-Timing": "db;dur=1",
    "X-Cache-App": "MISS",
    "X-Cache-Gateway": "MISS",
    RateLimit: '"read";r=1;t=1',
    "RateLimit-Policy": '"read";q=1;w=1',
    "X-Own": "kept",
  });
  expect(answer.headers.map(([name]) => name).toSorted()).toEqual(
    [...Object.keys(FIELDS).map((name) => name.toLowerCase()), "date", "x-own"].toSorted(),
  );
});

test("an answer is dated when it is made, and keeps the date it has", async () => {
  expect(deliver(taken(), NO_CONDITIONS, 9_000).response.headers.get("date")).toBe(new Date(NOW_MS).toUTCString());
  const dated = taken(200, { Date: "Thu, 01 Oct 2026 10:00:00 GMT" });
  expect(deliver(dated, NO_CONDITIONS, 9_000).response.headers.get("date")).toBe("Thu, 01 Oct 2026 10:00:00 GMT");
});

test.each([
  [undefined, undefined, null],
  [0, undefined, "0"],
  [1, undefined, "1"],
  [1_000, undefined, "1"],
  [1_001, undefined, "2"],
  [1_001, "5", "7"],
])("after %o ms, made with an age of %o, it is %o s old", (ageMs, own, age) => {
  const answer = taken(200, own === undefined ? {} : { Age: own });
  expect(deliver(answer, NO_CONDITIONS, ageMs).response.headers.get("age")).toBe(age);
});

describe("conditions", () => {
  test.each([
    ["its tag", { ifNoneMatch: '"7-1"' }, 304],
    ["its tag, weakly", { ifNoneMatch: 'W/"7-1"' }, 304],
    ["one of a list", { ifNoneMatch: '"x", "7-1"' }, 304],
    ["any", { ifNoneMatch: "*" }, 304],
    ["another tag", { ifNoneMatch: '"x"' }, 200],
    ["another tag, though not modified", { ifNoneMatch: '"x"', ifModifiedSince: FIELDS["Last-Modified"] }, 200],
    ["not modified since", { ifModifiedSince: FIELDS["Last-Modified"] }, 304],
    ["modified since", { ifModifiedSince: "Thu, 01 Oct 2026 10:59:59 GMT" }, 200],
    ["no date", { ifModifiedSince: "yesterday" }, 200],
  ])("%s", async (_, conditions, status) => {
    const { response, notModified } = deliver(taken(), reader(conditions), 1_000);
    expect([response.status, notModified]).toEqual([status, status === 304]);
    expect(await response.text()).toBe(status === 304 ? "" : "{}");
  });

  test("a 304 says everything but what describes a body", () => {
    const { response } = deliver(taken(), reader({ ifNoneMatch: "*" }), 1_000);
    expect(names(response)).toEqual(["age", "cache-control", "cache-tag", "date", "etag", "last-modified", "vary"]);
  });

  test("of a 404 they mean nothing (RFC 9110 13.2.1)", () => {
    expect(deliver(taken(404), reader({ ifNoneMatch: "*" }), 0).response.status).toBe(404);
  });
});

test("what is written is read back; anything else is nothing", () => {
  const header = fc.tuple(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string());
  fc.assert(
    fc.property(fc.constantFrom(200, 404), fc.array(header), fc.uint8Array(), (status, headers, body) => {
      const answer: Answer = { status, headers, body: new Uint8Array(body) };
      expect(decodeAnswer(encodeHead(answer), answer.body)).toEqual(answer);
    }),
  );
  for (const head of [
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"status":"200","headers":[]}',
    '{"status":200,"headers":[["a"]]}',
  ]) {
    expect(decodeAnswer(head, bytes(""))).toBeUndefined();
  }
});

describe("bodies", () => {
  const streamed = (chunks: readonly string[], init: ResponseInit = {}): Response =>
    new Response(new Blob(chunks.map(bytes)).stream(), init);

  test("a small one is taken whole, byte by byte", async () => {
    const body = await takeBody(new Response(new Uint8Array([0, 255, 10])), 3);
    expect(body).toEqual({ kind: "whole", bytes: new Uint8Array([0, 255, 10]) });
    expect(await takeBody(new Response(null), 3)).toEqual({ kind: "whole", bytes: new Uint8Array() });
  });

  test("a large one goes on as it came, also when its length is a surprise", async () => {
    for (const init of [{}, { headers: { "Content-Length": "6" } }]) {
      const body = await takeBody(streamed(["ab", "cd", "ef"], { status: 404, ...init }), 3);
      if (body.kind !== "too-large") throw new Error("it was taken");
      expect([body.response.status, await body.response.text()]).toEqual([404, "abcdef"]);
    }
  });

  test("half a body is no answer", async () => {
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error("broken off"));
      },
    });
    await expect(takeBody(new Response(broken), 10)).rejects.toThrow("broken off");
    await expect(takeBody(streamed(["ab"], { headers: { "Content-Length": "3" } }), 10)).rejects.toThrow(
      "2 bytes said 3",
    );
    await expect(takeBody(new Response(null, { headers: { "Content-Length": "3" } }), 10)).rejects.toThrow(
      "0 bytes said 3",
    );
  });
});
