// Owns the proof that a request field written with _ chooses no answer for others, although origins of the CGI kind read it as the
// dashed one.
import { describe, expect, it } from "vitest";
import { answer, type EdgeOptions, type Origin, type TestEdge, testEdge } from "../support/edge.ts";

/** An origin that reads both spellings as one field, the twin first. */
const gateway =
  (name: string, fields: Record<string, string> = { vary: name }): Origin =>
  ({ headers }) => {
    const read = headers.get(name.replaceAll("-", "_")) ?? headers.get(name) ?? "none";
    return answer(read, { "cache-control": "max-age=60", ...fields });
  };

const evil = (name: string): RequestInit => ({ headers: { [name]: "evil" } });

async function edgeOf(options: EdgeOptions): Promise<TestEdge> {
  const e = testEdge({ ...options, origin: () => answer("warm", { "cache-control": "no-store" }) });
  await e.text("/warm");
  e.origin = options.origin ?? e.origin;
  return e;
}

describe("a twin", () => {
  it.each(["X-Plan", "Accept-Language"])(
    "of %s poisons nothing before anybody knows that the answer varies",
    async (name) => {
      const e = await edgeOf({ origin: gateway(name) });
      await e.text("/a", evil(name.replaceAll("-", "_")));
      expect((await e.text("/a")).text).toBe("none");
    },
  );

  it("does not reach the origin of a resource that is known to vary on its field", async () => {
    const e = await edgeOf({ origin: gateway("X-Plan") });
    await e.text("/a", { headers: { "x-plan": "gold" } });
    expect((await e.text("/a", evil("X_Plan"))).text).toBe("none");
    expect((await e.text("/a")).text).toBe("none");
  });

  it("does not reach the origin where a rule declares its field", async () => {
    const site = { rules: [{ match: "/*", vary: { headers: { "X-Plan": ["gold"] }, device: true as const } }] };
    const e = await edgeOf({ site, origin: gateway("X-Plan", {}) });
    expect((await e.text("/a", { headers: { X_Plan: "evil", User_Agent: "evil" } })).text).toBe("none");
    expect(e.asked.at(-1)?.headers.get("user_agent")).toBeNull();
  });

  it("keeps the answer to a POST from serving a GET", async () => {
    const own = { vary: "X-Plan", "content-location": "/a" };
    const e = await edgeOf({ origin: gateway("X-Plan", own) });
    const { text, response } = await e.text("/a", { ...evil("X_Plan"), method: "POST", body: "x" });
    expect([text, response.headers.get("cache-status")]).toEqual(["evil", expect.not.stringContaining("stored")]);
    expect((await e.text("/a")).text).toBe("none");
  });

  it("of a field that nothing varies on reaches the origin", async () => {
    const e = await edgeOf({ origin: gateway("X-Trace", {}) });
    expect((await e.text("/a", evil("X_Trace"))).text).toBe("evil");
  });
});
