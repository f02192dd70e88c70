// Owns the proof of the deadline for an origin's header section.
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";

const CACHED = { "cache-control": "max-age=60" };
describe("deadline", () => {
  it.each([
    ["30 seconds by default", {}, 30],
    ["the rule's", { origin: { deadline: 3 } }, 3],
  ])("is %s; then the request fails, and the fetch is aborted", async (_, rule, seconds) => {
    const site = { origins: { "*": "http://origin.test" }, rules: [{ match: "/*", ...rule }] };
    let isGivenUp = false;
    const e = testEdge({
      site,
      origin: (request) => {
        request.signal.addEventListener("abort", () => (isGivenUp = true));
        return new Promise<Response>(() => undefined);
      },
    });
    for (const init of [{}, { method: "POST", body: "x" }]) {
      isGivenUp = false;
      const waiting = e.get("/a", init);
      await turns(50);
      e.passes(seconds - 0.1);
      await turns(50);
      expect(isGivenUp).toBe(false);
      e.passes(0.1);
      const response = await waiting;
      expect([response.status, response.headers.get("retry-after"), isGivenUp]).toEqual([504, "5", true]);
    }
    // after a timeout there is no retry
    expect(e.asked).toHaveLength(2);
    expect(e.reports.map(({ message }) => message)).toEqual(Array(2).fill("origin: did not answer in time"));
  });

  it("is for the header section alone: a body may take longer", async () => {
    const e = testEdge({ site: { rules: [{ match: "/*", origin: { deadline: 5 } }] } });
    const rest = barrier();
    e.origin = () => {
      const body = new ReadableStream({
        async pull(controller) {
          await rest.passed;
          controller.enqueue(new TextEncoder().encode("late"));
          controller.close();
        },
      });
      return answer(body, CACHED);
    };
    const response = await e.get("/a");
    e.passes(20);
    rest.open();
    expect(await response.text()).toBe("late");
  });
});
