// Owns the proof of how the vendors' APIs refuse: in the vendor's own shape, without detail to strangers, and with nothing purged.
import { describe, expect, it } from "vitest";
import type { PurgeOutcome } from "../../src/http/targets/purge-order.ts";
import { testApp } from "../support/admin.ts";

const CLOUDFLARE = "/.strata/cloudflare/client/v4/zones/z/purge_cache";
const FASTLY = "/.strata/fastly/service/s/purge";

async function cloudflare(
  body: BodyInit,
  headers: Readonly<Record<string, string>> = {},
  outcome?: PurgeOutcome | Error,
) {
  const app = testApp();
  if (outcome) app.purge = () => (outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome));
  const init = { method: "POST", headers: { authorization: "Bearer secret", ...headers }, body };
  const response = await app.fetch(CLOUDFLARE, init);
  const answer: { readonly errors: readonly { readonly code: number; readonly message: string }[] } =
    await response.json();
  return { app, response, answer };
}

async function fastly(path: string, init: RequestInit = {}, outcome?: PurgeOutcome | Error) {
  const app = testApp();
  if (outcome) app.purge = () => (outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome));
  const headers = { "fastly-key": "secret", ...(init.headers as Record<string, string> | undefined) };
  const response = await app.fetch(path, { method: "POST", ...init, headers });
  const answer: { readonly msg?: string; readonly detail?: string } = await response.json();
  return { app, response, answer, tags: app.purges.flatMap(({ targets }) => targets).map(({ value }) => value) };
}

describe("cloudflare", () => {
  it.each<[string, BodyInit, number, number, RegExp]>([
    ["a body that is no JSON", "{", 400, 1016, /JSON/],
    ["no body", "", 400, 1016, /JSON/],
    ["a member twice", '{"tags":["a"],"tags":["b"]}', 400, 1016, /twice/],
    ["a member of a file twice", '{"files":[{"url":"http://a/","url":"http://b/"}]}', 400, 1016, /twice/],
    ["a body that is too large", "x".repeat(8 * 2 ** 20 + 1), 413, 10413, /large/],
    ["a million files that are none", `{"files":[${"1,".repeat(1_000_000)}1]}`, 400, 1016, /^\/files: /],
  ])("refuses %s", async (_, body, status, code, message) => {
    const { app, response, answer } = await cloudflare(body);
    expect([response.status, app.purges]).toEqual([status, []]);
    expect(answer).toEqual({
      success: false,
      errors: [{ code, message: expect.stringMatching(message) }],
      messages: [],
      result: null,
    });
  });

  it("says when to come back, and nothing of why", async () => {
    const limited = await cloudflare('{"tags":["a"]}', {}, { kind: "limited", retryAfterSeconds: 7 });
    expect([limited.response.status, limited.response.headers.get("retry-after")]).toEqual([429, "7"]);
    const failed = await cloudflare('{"tags":["a"]}', {}, new Error("internal detail"));
    expect([failed.response.status, failed.response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(JSON.stringify(failed.answer)).not.toContain("internal detail");
  });

  it("takes no other method, and no token in another field", async () => {
    const app = testApp();
    for (const method of ["GET", "DELETE", "OPTIONS", "PURGE"]) {
      const response = await app.fetch(CLOUDFLARE, { method, headers: { authorization: "Bearer secret" } });
      expect([response.status, response.headers.get("allow")], method).toEqual([405, "POST"]);
    }
    for (const headers of [
      { "fastly-key": "secret" },
      { cookie: "authorization=Bearer secret" },
      { authorization: "secret" },
    ]) {
      expect((await app.fetch(CLOUDFLARE, { method: "POST", headers, body: '{"tags":["a"]}' })).status).toBe(403);
    }
    expect(app.purges).toEqual([]);
  });

  it.each([
    "/.strata/cloudfl%61re/client/v4/zones/z/purge_cache",
    "/.strata/cloudflare/client/v4/zones//purge_cache",
    "/.strata/cloudflare/client/v4/zones/a/b/purge_cache",
    "/.strata/cloudflare/client/v4/zones/z/purge_cache/",
    "/.strata/cloudflare/client/v4/zones/z/purge_cache?x",
    "/.strata/cloudflare/x?/.strata/cloudflare/client/v4/zones/z/purge_cache",
  ])("does not know %s", async (path) => {
    const app = testApp();
    const response = await app.fetch(path, {
      method: "POST",
      headers: { authorization: "Bearer secret" },
      body: '{"tags":["a"]}',
    });
    expect([response.status, app.purges]).toEqual([404, []]);
  });
});

describe("fastly", () => {
  it.each<[string, string, RequestInit, readonly string[]]>([
    ["one key", `${FASTLY}/a`, {}, ["a"]],
    ["one key with a query behind", `${FASTLY}/a?b=c`, {}, ["a"]],
    ["one key, encoded", `${FASTLY}/a%20b%2Fc%3F`, {}, ["a b/c?"]],
    ["one key with a comma, as a cache group may have one", `${FASTLY}/a%2cb`, {}, ["a,b"]],
    ["several lines of keys", FASTLY, { headers: { "surrogate-key": "a b, c,d" } }, ["a", "b", "c", "d"]],
    ["keys twice", FASTLY, { headers: { "surrogate-key": "a a" }, body: '{"surrogate_keys":["a","b"]}' }, ["a", "b"]],
    ["a key that is everything elsewhere", FASTLY, { body: '{"surrogate_keys":["*"]}' }, ["*"]],
  ])("purges %s", async (_, path, init, keys) => {
    const { response, tags } = await fastly(path, init);
    expect([response.status, tags]).toEqual([200, keys]);
  });

  it.each<[string, string, RequestInit, number, RegExp]>([
    ["no key", FASTLY, {}, 400, /JSON object/],
    ["blank keys", FASTLY, { headers: { "surrogate-key": " , " } }, 400, /JSON object/],
    ["keys with a body that is none", FASTLY, { headers: { "surrogate-key": "a" }, body: "{" }, 400, /JSON object/],
    ["keys twice in one body", FASTLY, { body: '{"surrogate_keys":["a"],"surrogate_keys":["b"]}' }, 400, /twice/],
    ["a key with a line break", `${FASTLY}/a%0d%0ab`, {}, 400, /^must not contain control/],
    [
      "everything, softly",
      "/.strata/fastly/service/s/purge_all",
      { headers: { "fastly-soft-purge": "1" } },
      400,
      /softly/,
    ],
    ["too large a body", FASTLY, { body: "x".repeat(8 * 2 ** 20 + 1) }, 413, /large/],
  ])("refuses %s", async (_, path, init, status, detail) => {
    const { app, response, answer } = await fastly(path, init);
    expect([response.status, app.purges]).toEqual([status, []]);
    expect(answer).toEqual({ msg: expect.any(String), detail: expect.stringMatching(detail) });
  });

  it.each([
    "/.strata/f%61stly/service/s/purge/a",
    "/.strata/f%61stly/x?/.strata/fastly/service/s/purge/a",
    "/.strata/fastly/x?/.strata/fastly/service/s/purge/a",
    "/.strata/fastly/service/s/x/purge/a",
    "/.strata/fastly/service/s/purge_all/x",
    "/.strata/fastly/purge/",
    "/.strata/fastly/",
  ])("does not know %s", async (path) => {
    const { app, response, answer } = await fastly(path);
    expect([response.status, answer, app.purges]).toEqual([404, { msg: "Record not found" }, []]);
  });

  it("says when to come back, and nothing of why", async () => {
    const limited = await fastly(`${FASTLY}/a`, {}, { kind: "limited", retryAfterSeconds: 7 });
    expect([limited.response.status, limited.response.headers.get("retry-after")]).toEqual([429, "7"]);
    const failed = await fastly(`${FASTLY}/a`, {}, new Error("internal detail"));
    expect([failed.response.status, failed.response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(JSON.stringify(failed.answer)).not.toContain("internal detail");
  });

  it("takes no token in another field, and no other method", async () => {
    const app = testApp();
    const bearer = { authorization: "Bearer secret" };
    expect((await app.fetch(`${FASTLY}/a`, { method: "POST", headers: bearer })).status).toBe(401);
    for (const method of ["GET", "HEAD", "PURGE", "DELETE"]) {
      const response = await app.fetch(`${FASTLY}/a`, { method, headers: { "fastly-key": "secret" } });
      expect([response.status, response.headers.get("allow")], method).toEqual([405, "POST"]);
    }
    expect(app.purges).toEqual([]);
  });
});
