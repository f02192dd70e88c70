// Owns the proof that a benchmark's body follows from its URL alone, and differs from that of another.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyOf, resourceAt, resourcePath, slice, startOf } from "../../bench/origin/body.ts";

describe("a body of the benchmark", () => {
  it("is the same, whole or in slices from anywhere", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.nat(200_000), fc.nat(200_000), (path, bytes, from) => {
        const offset = bytes === 0 ? 0 : from % bytes;
        const part = slice(startOf(path), offset, bytes - offset);
        expect(Buffer.from(part).equals(bodyOf({ path, bytes }).subarray(offset, offset + part.length))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("is almost always another for another URL", () => {
    const bodies = Array.from({ length: 500 }, (_, i) => Buffer.from(bodyOf({ path: `/a-${String(i)}`, bytes: 1024 })));
    expect(new Set(bodies.map((body) => body.toString("latin1"))).size).toBeGreaterThan(490);
  });

  it("is named by a path that can be read back", () => {
    const resource = { type: "html", bytes: 10, delayMs: 5, policy: "never" } as const;
    const path = resourcePath(resource, "x");
    expect(resourceAt(path)).toEqual({ ...resource, path });
    expect(resourceAt("/favicon.ico")).toBeUndefined();
    expect(resourceAt("/json/1/0/sometimes/x")).toBeUndefined();
  });
});
