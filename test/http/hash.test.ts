// Owns the proof that the name hash is even and the same everywhere.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hash64 } from "../../src/http/hash.ts";

describe("hash64", () => {
  it("is 16 hexadecimal digits for any text, the same each time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(hash64(text)).toMatch(/^[0-9a-f]{16}$/);
        expect(hash64(text)).toBe(hash64(text));
      }),
    );
  });

  it("does not collide on 200,000 tags that differ little", () => {
    const hashes = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      hashes.add(hash64(`tag:product:${String(i)}`));
      hashes.add(hash64(`tag:${String(i)}:category`));
    }
    expect(hashes.size).toBe(200_000);
  });

  it("fills both halves evenly", () => {
    const buckets = [new Uint32Array(256), new Uint32Array(256)];
    for (let i = 0; i < 100_000; i++) {
      const hash = hash64(`tag:${String(i)}`);
      [hash.slice(0, 2), hash.slice(8, 10)].forEach((digits, half) => {
        const counts = buckets[half];
        if (counts) counts[Number.parseInt(digits, 16)] = (counts[Number.parseInt(digits, 16)] ?? 0) + 1;
      });
    }
    // 390 expected; six standard deviations are 118
    for (const counts of buckets) for (const count of counts) expect(Math.abs(count - 390)).toBeLessThan(120);
  });

  it("turns over about half of the bits when one character changes", () => {
    let changed = 0;
    for (let i = 0; i < 1000; i++) {
      const a = BigInt(`0x${hash64(`tag:a${String(i)}`)}`);
      const b = BigInt(`0x${hash64(`tag:b${String(i)}`)}`);
      changed += (a ^ b).toString(2).replaceAll("0", "").length;
    }
    expect(changed / 1000).toBeGreaterThan(30);
    expect(changed / 1000).toBeLessThan(34);
  });
});
