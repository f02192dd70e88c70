// Owns the proof that the purge endpoint names every problem, purges all or nothing, and that its receipt is true.
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type AppOptions, testApp } from "../support/admin.ts";
import { since } from "../support/purge-log.ts";

const HEADERS = { authorization: "Bearer secret", "content-type": "application/json" };

async function post(body: BodyInit, options: AppOptions = {}) {
  const app = testApp(options);
  const response = await app.fetch("/.strata/purge", { method: "POST", headers: HEADERS, body });
  const answer: { readonly errors?: readonly { readonly pointer: string }[] } & Record<string, unknown> =
    await response.json();
  const pointers = (answer.errors ?? []).map(({ pointer }) => pointer).sort();
  return { app, response, answer, pointers };
}

const send = (value: unknown, options?: AppOptions) => post(JSON.stringify(value), options);
const tags = (count: number, length = 1) => Array.from({ length: count }, (_, i) => String(i).padStart(length, "x"));

describe("purge endpoint: what it takes", () => {
  it("purges hard by default and says what was done", async () => {
    const { app, response, answer } = await send({ tags: ["a", "b"] });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(answer).toEqual({
      seq: 1,
      mode: "hard",
      targets: 2,
      purgedAt: "1970-01-01T00:00:00.000Z",
      visible: { here: "now", everywhereWithinMs: 1000 },
    });
    expect(app.purges).toEqual([
      {
        mode: "hard",
        actor: "token token",
        asked: ["a", "b"],
        rate: { perSecond: 2000, burst: 4000 },
        idempotencyKey: undefined,
        requestId: "request-1",
        targets: [
          { kind: "tag", value: "a" },
          { kind: "tag", value: "b" },
        ],
      },
    ]);
  });

  it("purges softly when asked to", async () => {
    const { app } = await send({ tags: ["a"], mode: "soft" });
    expect(app.purges[0]?.mode).toBe("soft");
  });

  it("takes a tag once that is named twice, and trims it", async () => {
    const { app, answer } = await send({ tags: ["a", " a ", "b", "a"] });
    expect(answer).toMatchObject({ targets: 2 });
    expect(app.purges[0]?.targets.map(({ value }) => value)).toEqual(["a", "b"]);
  });

  it("keeps tags that differ in case apart", async () => {
    expect((await send({ tags: ["A", "a"] })).answer).toMatchObject({ targets: 2 });
  });

  it("takes 1,000 tags of 1,024 characters, in one purge", async () => {
    const { app, response } = await send({ tags: tags(1000, 1024) });
    expect(response.status).toBe(200);
    expect(app.purges).toHaveLength(1);
    expect(app.purges[0]?.targets).toHaveLength(1000);
  });

  it.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"])(
    "takes JSON in UTF-8 whatever the Content-Type: %s",
    async (type) => {
      const app = testApp();
      const { authorization } = HEADERS;
      const headers = { authorization, ...(type !== undefined && { "content-type": type }) };
      const init = { method: "POST", headers, body: new Blob(['\ufeff{"tags":["caf\u00e9"]}']) };
      expect((await app.fetch("/.strata/purge", init)).status).toBe(200);
      expect(app.purges[0]?.targets).toEqual([{ kind: "tag", value: "caf\u00e9" }]);
    },
  );

  it("promises no bound that a rule does not keep", async () => {
    const site = {
      rules: [
        { match: "/slow/*", purge: { maxLag: 30 } },
        { match: "/strict/*", purge: { maxLag: 0 } },
      ],
    };
    expect((await send({ tags: ["a"] }, { site })).answer).toMatchObject({ visible: { everywhereWithinMs: 30_000 } });
  });
});

describe("purge endpoint: what it refuses", () => {
  it.each<readonly [string, unknown, readonly string[]]>([
    ["an empty object", {}, [""]],
    ["an array", [], [""]],
    ["null", null, [""]],
    ["a string", "a", [""]],
    ["a number", 1, [""]],
    ["no list of tags", { tags: "a" }, ["/tags"]],
    ["null for tags", { tags: null }, ["/tags"]],
    ["no tag at all", { tags: [] }, [""]],
    ["an empty tag", { tags: ["a", ""] }, ["/tags/1"]],
    ["a blank tag", { tags: [" \t"] }, ["/tags/0"]],
    [
      "tags that are none",
      { tags: [1, null, {}, ["a"], true] },
      ["/tags/0", "/tags/1", "/tags/2", "/tags/3", "/tags/4"],
    ],
    ["a tag too long", { tags: ["a", "x".repeat(1025)] }, ["/tags/1"]],
    ["too many tags", { tags: tags(1001) }, [""]],
    ["too many in all", { tags: tags(1000), hosts: ["shop.test"] }, [""]],
    ["everything that is not true", { everything: false }, ["/everything"]],
    ["words for flags", { tags: ["a"], browsers: "true", dryRun: 1, wait: null }, ["/browsers", "/dryRun", "/wait"]],
    [
      "what is wrong in every list",
      { tags: [1], urls: ["https://["], paths: ["/?"], prefixes: ["*"], hosts: ["a/b"] },
      ["/hosts/0", "/paths/0", "/prefixes/0", "/tags/0", "/urls/0"],
    ],
    ["what is wrong in one list beside what is no list", { tags: 1, urls: ["https://["] }, ["/tags", "/urls/0"]],
    ["a list without what is selected", { mode: "x", tags: [] }, ["/mode"]],
    ["a mode it does not know", { tags: ["a"], mode: "HARD" }, ["/mode"]],
    ["null for the mode", { tags: ["a"], mode: null }, ["/mode"]],
    ["a member it does not know", { tags: ["a"], dryrun: true }, ["/dryrun"]],
    ["a member with / and ~ in its name", { tags: ["a"], "a/b~c": 1 }, ["/a~1b~0c"]],
    ["control characters and broken text", { tags: ["a\u0000", "\ud800"] }, ["/tags/0", "/tags/1"]],
    ["two members it does not know", { tags: ["a"], url: 1, host: 2 }, ["/host", "/url"]],
    ["everything wrong at once", { tags: ["", 1], mode: "x", more: 1 }, ["/mode", "/more", "/tags/0", "/tags/1"]],
    ["too many tags, one of them none", { tags: [1, ...tags(1000)] }, ["", "/tags/0"]],
  ])("refuses %s and names it", async (_, value, expected) => {
    const { app, response, answer, pointers } = await send(value);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(answer).toMatchObject({ type: "about:blank", status: 400 });
    expect(pointers).toEqual([...expected].sort());
    expect(app.purges).toEqual([]);
  });

  it.each(["", "{", "tags=a", "{'tags':['a']}", '{"tags":["a"]} x', "\u0000", "<xml/>"])(
    "refuses a body that is no JSON: %j",
    async (body) => {
      const { app, response, pointers } = await post(body);
      expect([response.status, pointers]).toEqual([400, [""]]);
      expect(app.purges).toEqual([]);
    },
  );

  it.each<[string, BodyInit]>([
    ["a member twice", '{"tags":["a"],"tags":["b"]}'],
    ["a member twice, in two spellings", '{"tags":["a"],"mode":"soft","m\\u006fde":"hard"}'],
    ["a member twice that is no member elsewhere", '{"tags":["a"],"__proto__":1,"__proto__":2}'],
    ["what is no UTF-8", new Blob(['{"tags":["', new Uint8Array([0xe9]), '"]}'])],
    ["very many members", `{"tags":["a"]${Array.from({ length: 20_001 }, (_, i) => `,"m${String(i)}":0`).join("")}}`],
  ])("refuses %s", async (_, body) => {
    const { app, response, pointers } = await post(body);
    expect([response.status, pointers, app.purges]).toEqual([400, [""], []]);
  });

  it("refuses what is nested very deeply", async () => {
    const { app, response } = await post(`{"tags":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`);
    expect([response.status, app.purges]).toEqual([400, []]);
  });

  it("names a hundred unknown members and one more, not thousands", async () => {
    const { response, pointers } = await send(Object.fromEntries(tags(15_000).map((name) => [name, 0])));
    expect([response.status, pointers.length]).toEqual([400, 101]);
  });

  it("does not take for a member what is a value, or in one", async () => {
    const odd = ['"a": 1', "\\", '\\"', "x:y"];
    expect((await send({ tags: odd })).response.status).toBe(200);
  });

  it("answers a list of a million wrong things with one problem", async () => {
    const { response, pointers } = await post(`{"tags":[${"1,".repeat(2_000_000)}1]}`);
    expect([response.status, pointers[0], pointers.length]).toEqual([400, "", 1001]);
  });

  it("gives every problem a detail in words", async () => {
    const { answer } = await send({ tags: ["", 1], mode: "x" });
    for (const error of answer.errors ?? []) {
      expect(error).toMatchObject({ detail: expect.stringMatching(/^[a-z].{5,}/) });
    }
  });

  it("refuses a body that is too large, declared or not", async () => {
    const declared = await post("x".repeat(8 * 2 ** 20 + 1));
    expect(declared.response.status).toBe(413);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(c) {
        sent += 2 ** 20;
        c.enqueue(new Uint8Array(2 ** 20));
      },
    });
    const streamed = await post(endless);
    expect(streamed.response.status).toBe(413);
    expect(sent).toBeLessThan(20 * 2 ** 20);
    expect([...declared.app.purges, ...streamed.app.purges]).toEqual([]);
  });

  it("says 503 and when to come back when the log does not confirm", async () => {
    const app = testApp();
    app.purge = () => Promise.reject(new Error("overloaded: internal detail"));
    const response = await app.fetch("/.strata/purge", { method: "POST", headers: HEADERS, body: '{"tags":["a"]}' });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.text()).not.toContain("internal detail");
  });
});

describe("purge endpoint: the worker itself", () => {
  const worker = (path: string, init: RequestInit) =>
    exports.default.fetch(new Request(`https://shop.test${path}`, init));
  const authorized = { authorization: "Bearer test-token" };
  const log = () => env.STRATA_PURGE_LOG.getByName("log");

  it("writes to the log, one row a tag, under the number it returns", async () => {
    const { seq: before } = await since(log());
    const response = await worker("/.strata/purge", {
      method: "POST",
      headers: authorized,
      body: '{"tags":["w1","w2"]}',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ seq: before + 1, targets: 2 });
    expect((await since(log())).seq).toBe(before + 1);
  });

  it.each([
    ["a stranger", { body: '{"tags":["x"]}' }, 401],
    ["a wrong token", { headers: { authorization: "Bearer x" }, body: '{"tags":["x"]}' }, 401],
    ["a bad command", { headers: authorized, body: '{"tags":["x",""]}' }, 400],
    ["no JSON", { headers: authorized, body: "tags" }, 400],
  ])("writes nothing for %s", async (_, init, status) => {
    const { seq: before } = await since(log());
    expect((await worker("/.strata/purge", { method: "POST", ...init })).status).toBe(status);
    expect((await since(log())).seq).toBe(before);
  });

  it.each(["GET", "PUT", "DELETE"])("takes no %s for a purge", async (method) => {
    const { seq: before } = await since(log());
    const response = await worker("/.strata/purge", { method, headers: authorized });
    expect([404, 405]).toContain(response.status);
    expect((await since(log())).seq).toBe(before);
  });

  it("is alive", async () => {
    expect((await worker("/.strata/health", {})).status).toBe(200);
  });
});
