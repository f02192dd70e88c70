// Proves the purge client against a real socket: what it sends, and that nothing it meets becomes an exception.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCdn } from "../../../origin-mock/invalidation/cdn.ts";
import { createFakeEdge, receipt } from "../support/edge.ts";
import type { FakeEdge } from "../support/edge.ts";

let edge: FakeEdge;
beforeAll(async () => {
  edge = await createFakeEdge();
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.purges.length = 0;
  edge.answer = receipt;
});

test("sends the tags with the token, and reports the sequence number", async () => {
  const purge = createCdn({ edgeUrl: edge.url, token: "secret" });
  expect(await purge(["a", "b"])).toEqual({ status: "purged", tags: ["a", "b"], seq: 7 });
  expect(edge.purges).toEqual([
    { authorization: "Bearer secret", path: "POST /.strata/purge", body: { tags: ["a", "b"] } },
  ]);
});

test("without an edge it is skipped", async () => {
  const purge = createCdn({ edgeUrl: undefined, token: "secret" });
  expect(await purge(["a"])).toEqual({ status: "skipped", reason: "no edge URL is configured" });
});

test.each([
  ["401", 401, "{}", /answered 401/],
  ["a redirect", 302, "", /answered 302/],
  ["no JSON", 200, "ok", /JSON/],
  ["no sequence number", 200, '{"seq":"7"}', /no sequence number/],
  ["an array", 200, "[]", /no sequence number/],
])("%s is a failed purge", async (_, status, body, reason) => {
  edge.answer = (response) => void response.writeHead(status, { Location: "/elsewhere" }).end(body);
  const result = await createCdn({ edgeUrl: edge.url, token: "x" })(["a"]);
  expect(result).toEqual({ status: "failed", tags: ["a"], reason: expect.stringMatching(reason) });
});

test("an edge that never answers is given up", async () => {
  edge.answer = () => undefined;
  const result = await createCdn({ edgeUrl: edge.url, token: "x", timeoutMs: 30 })(["a"]);
  expect(result).toMatchObject({ status: "failed", reason: expect.stringMatching(/timeout/i) });
});

test("an edge that is not there says so", async () => {
  const result = await createCdn({ edgeUrl: "http://127.0.0.1:1", token: "x" })(["a"]);
  expect(result).toMatchObject({ status: "failed" });
});
