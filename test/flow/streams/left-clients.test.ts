// Owns the proof that a fill whose client has left ends in time.
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../../src/base/deadline.ts";
import { guarded } from "../../../src/tiers/guard.ts";
import { turns, until } from "../../support/barrier.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf } from "../../support/stored.ts";
import { byHand, lengthOf } from "../../support/streamed-bodies.ts";

const CACHED = { "cache-control": "max-age=60" };
const MB = 2 ** 20;
/** A client that has had the first byte of a body and is gone; the next byte lets the edge learn that. */
async function leftBehind(length: number | undefined, coding = "identity") {
  const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
  const { readable, writer } = byHand(length);
  e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length), "content-type": "text/plain" });
  const response = e.get("/a", { headers: { "accept-encoding": coding } });
  void writer.write(bytesOf("1"));
  const { body, headers } = await response;
  expect(headers.get("content-encoding") ?? "identity").toBe(coding);
  const reader = body?.getReader();
  let hasCome = false;
  const first = reader?.read().then(() => (hasCome = true));
  // an encoder waits 5 ms for more
  await until(() => {
    e.passes(0.005);
    return hasCome;
  }, "the first byte has come");
  await first;
  await reader?.cancel();
  await writer.write(bytesOf("2"));
  await turns();
  return { e, writer };
}

describe("a fill whose client has left", () => {
  it.each([
    ["small", 1000],
    ["large", 5 * MB],
    ["of unknown length", undefined],
    ["encoded on its way", undefined, "gzip"],
  ])("is abandoned after 30 s, and reported: %s", async (_, length, coding?: string) => {
    const { e, writer } = await leftBehind(length, coding);
    for (let i = 0; i < 29; i++) {
      e.passes(1);
      await writer.write(bytesOf("3"));
    }
    expect(e.reports).toEqual([]);
    // one of these bytes tells the edge at the latest
    e.passes(30);
    await e.idle();
    expect(e.reports.map(({ cause }) => String(cause))).toEqual([expect.stringContaining("30 s after its client")]);
    e.origin = () => answer("whole", CACHED);
    expect((await e.text("/a")).text).toBe("whole");
  });

  it("is not abandoned if it ends before", async () => {
    const { e, writer } = await leftBehind(3);
    e.passes(29);
    await writer.write(bytesOf("3"));
    await writer.close();
    await e.idle();
    e.passes(5);
    expect([e.reports, e.clock.timeouts()]).toEqual([[], 0]);
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("x-cache"), e.asked.length]).toEqual(["123", "HIT", 1]);
  });

  it("is not abandoned while a slow client still reads", async () => {
    const e = testEdge();
    const { readable, writer } = byHand(5);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(5) });
    const reader = (await e.get("/a")).body?.getReader();
    for (const digit of "12345") {
      void writer.write(bytesOf(digit));
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(digit);
      e.passes(20);
    }
    void writer.close();
    await e.idle();
    expect(e.reports).toEqual([]);
  });

  it.each([
    ["small", 6],
    ["large", 5 * MB],
    ["of unknown length", undefined],
  ])("is broken off when nothing comes for 30 s, for a client that waits, too: %s", async (_, length) => {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { readable, writer } = byHand(length);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length) });
    const response = e.get("/a");
    void writer.write(bytesOf("abc"));
    const reader = (await response).body?.getReader();
    await reader?.read();
    e.passes(31);
    await turns();
    expect(e.reports.map(({ cause }) => String(cause))).toEqual([expect.stringContaining("nothing came for 30 s")]);
    await expect(reader?.read()).rejects.toThrow("nothing came");
    await expect(writer.write(bytesOf("d"))).rejects.toThrow();
    await e.idle();
    expect([e.memory.usedBytes, e.clock.timeouts()]).toEqual([0, 0]);
    e.origin = () => answer("new", CACHED);
    expect((await e.text("/a")).text).toBe("new");
  });
});
