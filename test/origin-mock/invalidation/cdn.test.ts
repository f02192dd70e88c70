// Proves the purge client against a real socket: its requests, its splitting, and its reading of every answer.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCdn } from "../../../origin-mock/invalidation/cdn.ts";
import { createFakeEdge, receipt } from "../support/edge.ts";
import type { FakeEdge } from "../support/edge.ts";

const CONTEXT = { requestId: "request-1", traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, events: ["e1"] };

let edge: FakeEdge;
beforeAll(async () => {
  edge = await createFakeEdge();
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.purges.length = 0;
  edge.headers.length = 0;
  edge.answer = receipt;
});

test("sends the tags with the token and the trace, and reports the sequence number", async () => {
  const purge = createCdn({ edgeUrl: edge.url, token: "secret" });
  expect(await purge(["a", "b"], CONTEXT)).toEqual({ status: "done", tags: ["a", "b"], seq: 7 });
  expect(edge.purges).toEqual([
    { authorization: "Bearer secret", path: "POST /.strata/purge", body: { tags: ["a", "b"] } },
  ]);
  expect(edge.headers[0]).toMatchObject({
    "x-request-id": CONTEXT.requestId,
    traceparent: CONTEXT.traceparent,
    "idempotency-key": expect.stringMatching(/^[\w-]{43}$/),
  });
});

test("the same events and tags have the same key, any other order has another, and without events there is none", async () => {
  const purge = createCdn({ edgeUrl: edge.url, token: "x" });
  await purge(["a"], CONTEXT);
  await purge(["a"], { ...CONTEXT, requestId: "another" });
  await purge(["a"], { ...CONTEXT, events: ["e2"] });
  await purge(["a"], { ...CONTEXT, events: ["e1", "e2"] });
  await purge(["b"], CONTEXT);
  await purge(["a"], { ...CONTEXT, events: [] });
  const keys = edge.headers.map((headers) => headers["idempotency-key"]);
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(5);
  expect(keys.at(-1)).toBeUndefined();
});

const many = Array.from({ length: 2_500 }, (_, index) => `tag:${index}`);

test("more tags than one order may have are several orders", async () => {
  const result = await createCdn({ edgeUrl: edge.url, token: "x" })(many, CONTEXT);
  expect(result).toEqual({ status: "done", tags: many, seq: 7 });
  expect(edge.purges.map(({ body }) => body)).toEqual([
    { tags: many.slice(0, 1_000) },
    { tags: many.slice(1_000, 2_000) },
    { tags: many.slice(2_000) },
  ]);
  expect(new Set(edge.headers.map((headers) => headers["idempotency-key"])).size).toBe(3);
});

test("what is not purged is named when an order fails half-way", async () => {
  edge.answer = (response) => (edge.purges.length === 1 ? receipt(response) : void response.writeHead(503).end());
  const result = await createCdn({ edgeUrl: edge.url, token: "x" })(many, CONTEXT);
  expect(result).toMatchObject({ status: "failed", tags: many.slice(1_000) });
  expect(edge.purges).toHaveLength(2);
});

test.each([
  ["400", 400, '{"detail":"tag a: no"}', {}, { failure: "refused", reason: "the edge answered 400: tag a: no" }],
  [
    "403 as the edge says it",
    403,
    JSON.stringify({ title: "no", errors: [{ pointer: "/tags/0", detail: "not this" }, { detail: "nor that" }, 7] }),
    {},
    { failure: "refused", reason: "the edge answered 403: no; /tags/0 not this; nor that" },
  ],
  ["403", 403, "{}", {}, { failure: "refused", reason: "the edge answered 403" }],
  ["413", 413, "", {}, { failure: "refused", reason: "the edge answered 413" }],
  ["422", 422, "null", {}, { failure: "refused", reason: "the edge answered 422" }],
  ["401", 401, "{}", {}, { failure: "temporary", reason: "the edge answered 401" }],
  ["404", 404, "no", {}, { failure: "temporary", reason: "the edge answered 404" }],
  ["a redirect", 302, "", { Location: "/x" }, { failure: "temporary", reason: "the edge answered 302" }],
  ["429", 429, "", { "Retry-After": "7" }, { failure: "temporary", retryAfterMs: 7_000 }],
  ["503", 503, "", { "Retry-After": "x" }, { failure: "temporary", reason: "the edge answered 503" }],
  [
    "a long story",
    400,
    JSON.stringify({ detail: "a".repeat(9_000) }),
    {},
    { reason: expect.stringMatching(/^.{500}$/) },
  ],
  ["no JSON", 200, "ok", {}, { failure: "temporary", reason: expect.stringMatching(/no sequence number/) }],
  ["text for a number", 200, '{"seq":"7"}', {}, { reason: expect.stringMatching(/no sequence number/) }],
  ["an array", 200, "[]", {}, { reason: expect.stringMatching(/no sequence number/) }],
])("%s is a failed purge", async (_, status, body, headers, expected) => {
  edge.answer = (response) => void response.writeHead(status, headers).end(body);
  const result = await createCdn({ edgeUrl: edge.url, token: "x" })(["a"], CONTEXT);
  expect(result).toMatchObject({ status: "failed", tags: ["a"], ...expected });
  expect("retryAfterMs" in result).toBe("retryAfterMs" in expected);
});

test("an edge that never answers is given up, earlier where the caller is in a hurry", async () => {
  edge.answer = () => undefined;
  for (const purge of [
    () => createCdn({ edgeUrl: edge.url, token: "x", timeoutMs: 30 })(["a"], CONTEXT),
    () => createCdn({ edgeUrl: edge.url, token: "x", timeoutMs: 60_000 })(["a"], { ...CONTEXT, withinMs: 30 }),
  ]) {
    expect(await purge()).toMatchObject({
      status: "failed",
      failure: "temporary",
      reason: expect.stringMatching(/timeout/i),
    });
  }
});

test("an edge that is not there says so", async () => {
  const result = await createCdn({ edgeUrl: "http://127.0.0.1:1", token: "x" })(["a"], CONTEXT);
  expect(result).toMatchObject({ status: "failed", failure: "temporary" });
});
