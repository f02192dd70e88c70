// Owns the proof that the name hash is even and the same everywhere.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hash64, hashesOfStarts } from "../../../src/http/message/hash.ts";

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

  // each was found in three seconds, by collisions of one lane and then of the other, when lanes were independent
  it.each([
    [
      "everything:",
      "tag:blog:悋呔湋燓庝骄鄚镈潡艘懞爃檟恟磲谳鱳骊権狳猩慜蒷綋岍紳詓蕠庩砥盄蓧儴绩躢颜洑磫彸芫石焿狱節腫檉脬轣隽呣蛱晁秅驷槲盹僄陟踍酲蹛岒亡匡慅凟肸詊匇躱扤煅軫柇改矅祬傉蕬罭赲方恞蹖邋頴溪乛虡涕淕枚柰桧仂嘠胯溑壔鑭犀拡循槈鞨遻忯毣黛虱花",
    ],
    [
      "prefix:/products/",
      "tag:blog:貤糅叭梐璨炦磐帧熫毛酚伡乕弞瑨冓禶鐼眲牽尽溫乍橜県佳衛奙鲐曩戠徃檅鯖噅辆汨蓠舟瞾媐傶哽挂蔫阕裧晘鞂帘躲驭裇縬髆軑烥蹈獺浴戊皅橣漧澉籇扣镣蘿蓟嘩虺摌皰缈帼锆獦憤锉獋萳敶熎溰乮譒耯蘫眑恔揤眠蹜蹅瀛狁屟煷豨豳届唅厢牎鮝耧陶鼚挑倖",
    ],
  ])("who may purge tags of a pattern cannot purge by one of them %s", (goal, crafted) => {
    expect(hash64(crafted)).not.toBe(hash64(goal));
  });
});

describe("hashesOfStarts", () => {
  it("are the hashes of the starts", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(text, text, fc.uniqueArray(fc.nat(50), { maxLength: 12 }), (lead, whole, some) => {
        const lengths = some.toSorted((a, b) => a - b);
        const starts = lengths.filter((length) => length <= whole.length).map((length) => whole.slice(0, length));
        expect(hashesOfStarts(lead, whole, lengths)).toEqual(starts.map((start) => hash64(lead + start)));
      }),
    );
  });

  it("of texts that differ in their length alone differ: nothing is filled up", () => {
    const texts = Array.from({ length: 100 }, (_, length) => "\0".repeat(length));
    expect(new Set(texts.map(hash64)).size).toBe(100);
  });
});
