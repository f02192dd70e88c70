// Owns the proof that an isolate tells truly which purges it knows: as young as a request for content would have them.
import { describe, expect, it } from "vitest";
import { testApp } from "../support/admin.ts";

const headers = { authorization: "Bearer secret" };

describe("GET /.strata/purges/known", () => {
  it("asks the log as a request does, and tells where it stands", async () => {
    const { fetch, edge } = testApp();
    edge.log.purge(["a"], "hard");
    edge.log.purge(["b"], "soft");
    const response = await fetch("/.strata/purges/known", { headers });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ log: "first", seq: 2, current: true });
  });

  it("knows what was purged a bound ago, however young its copy was then", async () => {
    const { fetch, edge } = testApp();
    await fetch("/.strata/purges/known", { headers });
    edge.clock.advance(0.001);
    edge.log.purge(["a"], "hard");
    edge.clock.advance(1);
    expect(await (await fetch("/.strata/purges/known", { headers })).json()).toMatchObject({ seq: 1, current: true });
  });

  it("says that what it knows is too old when the log does not answer", async () => {
    const { fetch, edge } = testApp();
    await fetch("/.strata/purges/known", { headers });
    edge.log.purge(["a"], "hard");
    edge.log.answer = () => Promise.reject(new Error("cut off"));
    edge.clock.advance(1.001);
    expect(await (await fetch("/.strata/purges/known", { headers })).json()).toEqual({
      log: "first",
      seq: 0,
      current: false,
    });
  });

  it("says so when it never knew a log", async () => {
    const { fetch, edge } = testApp();
    edge.log.answer = () => Promise.reject(new Error("cut off"));
    const response = await fetch("/.strata/purges/known", { headers });
    expect(await response.json()).toEqual({ log: null, seq: 0, current: false });
  });

  it("is for those with a token, whatever it may do", async () => {
    const { fetch, edge } = testApp();
    expect((await fetch("/.strata/purges/known")).status).toBe(401);
    expect(edge.log.questions).toHaveLength(0);
  });
});
