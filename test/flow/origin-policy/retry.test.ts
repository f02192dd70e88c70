// Owns the proof of the one retry after a failed connection.
import { describe, expect, it } from "vitest";
import { answer, inTurn, testEdge } from "../../support/edge.ts";
import { refused } from "../../support/failing-origin.ts";

const CACHED = { "cache-control": "max-age=60" };
describe("one retry", () => {
  it.each([
    ["GET", {}],
    ["HEAD", { method: "HEAD" }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["DELETE without a body", { method: "DELETE" }],
    ["GET with Authorization", { headers: { authorization: "x" } }],
  ])("of %s after a failed connection", async (_, init) => {
    const e = testEdge({ origin: inTurn(refused as () => Promise<Response>, () => answer(null, CACHED)) });
    expect((await e.text("/a", init)).response.status).toBe(200);
    expect(e.asked).toHaveLength(2);
  });

  it.each<[string, RequestInit]>([
    ["POST", { method: "POST", body: "x" }],
    ["POST without a body", { method: "POST" }],
    ["PUT, whose body is gone", { method: "PUT", body: "x" }],
    ["PATCH", { method: "PATCH", body: "x" }],
  ])("not of %s", async (_, init) => {
    const e = testEdge({ origin: refused });
    expect((await e.text("/a", init)).response.status).toBe(502);
    expect(e.asked).toHaveLength(1);
  });

  it("after a pause, in which a dying server's other connections close", async () => {
    const e = testEdge({
      retryMs: 100,
      origin: inTurn(refused as () => Promise<Response>, () => answer(null, CACHED)),
    });
    const asking = e.text("/a");
    // the deadline, and the pause
    await expect.poll(() => e.clock.timeouts()).toBe(2);
    e.passes(0.099);
    await expect.poll(() => e.clock.timeouts()).toBe(2);
    expect(e.asked).toHaveLength(1);
    e.passes(0.001);
    expect((await asking).response.status).toBe(200);
    expect(e.asked).toHaveLength(2);
  });

  it("no more than one", async () => {
    const e = testEdge({ origin: refused });
    expect((await e.text("/a")).response.status).toBe(502);
    expect(e.asked).toHaveLength(2);
  });

  it.each([500, 502, 503, 504, 429])("never after a status: %i", async (status) => {
    const e = testEdge({ origin: () => answer("no", {}, status) });
    expect((await e.text("/a")).response.status).toBe(status);
    expect(e.asked).toHaveLength(1);
  });
});
