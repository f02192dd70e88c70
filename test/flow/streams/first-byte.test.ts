// Owns the proof that a body's first byte leaves before the origin has finished.
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../../support/edge.ts";
import { bytesOf } from "../../support/stored.ts";
import { byHand, lengthOf } from "../../support/streamed-bodies.ts";
import { realColo } from "../../support/real-colo.ts";

const CACHED = { "cache-control": "max-age=60" };
const MB = 2 ** 20;
describe("the first byte leaves before the origin has finished", () => {
  it.each([
    ["small, of known length", 1000],
    ["large, of known length", 5 * MB],
    ["too large for any tier, of known length", 600e6],
    ["of unknown length", undefined],
  ])("%s", async (_, length) => {
    const e = testEdge({ lower: [realColo()] });
    const { readable, writer } = byHand(length);
    e.origin = () => answer(readable, { ...CACHED, ...lengthOf(length) });
    const response = e.get("/a");
    void writer.write(bytesOf("1"));
    const reader = (await response).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("1");
    void writer.write(bytesOf("23"));
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("23");
    const left = reader?.read().catch(() => undefined);
    await writer.abort(new Error("reset"));
    await left;
    await e.idle();
  });
});
