// Owns the proof that ghosts remember what left, for a while, in a table that never grows.
import { describe, expect, it } from "vitest";
import { ghosts } from "../../src/tiers/ghosts.ts";

describe("ghosts", () => {
  it("know what was remembered, once", () => {
    const gone = ghosts(64);
    gone.remember("a");
    expect(gone.take("b", 10)).toBe(false);
    expect(gone.take("a", 10)).toBe(true);
    expect(gone.take("a", 10)).toBe(false);
  });

  it("reach back so far and no farther", () => {
    const gone = ghosts(2 ** 16);
    for (let i = 0; i < 10; i++) gone.remember(String(i));
    expect(gone.take("0", 9)).toBe(false);
    expect(gone.take("1", 9)).toBe(true);
    expect(gone.take("9", 1)).toBe(true);
  });

  it("never mistake one of 100,000 keys for one of another 1,000", () => {
    const gone = ghosts(2 ** 12);
    for (let i = 0; i < 1000; i++) gone.remember(`known ${String(i)}`);
    const mistaken = Array.from({ length: 100_000 }, (_, i) => `other ${String(i)}`).filter((key) =>
      gone.take(key, 1e9),
    );
    expect(mistaken.length).toBeLessThanOrEqual(1);
  });

  it("lose few of as many as a quarter of their slots", () => {
    const gone = ghosts(4096);
    const keys = Array.from({ length: 1024 }, (_, i) => `4:host5:https${String(i)}`);
    for (const key of keys) gone.remember(key);
    expect(keys.filter((key) => gone.take(key, 4096)).length).toBeGreaterThan(850);
  });

  it.each([
    [1, 16],
    [100, 64],
    [8192, 8192],
  ])("for %i slots keep %i, of 8 bytes", (asked, kept) => {
    expect(ghosts(asked).bytes).toBe(kept * 8);
  });
});
