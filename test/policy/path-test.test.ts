// Owns the property that a rule that restricts is evaded by no spelling that a server which decodes once would read as its own.
import { expect, it } from "vitest";
import { normalisedPath } from "../../src/http/message/path.ts";
import { pathTest } from "../../src/policy/path-test.ts";
import { decodedOnce, seeded } from "../support/confusing.ts";

/** Spellings of the letters of `/ace/`, some of which mean another letter to a server that decodes once. */
const SPELLINGS = {
  "/": ["/", "//", "%2f", "%2F", "\\", "%5C", "/.;/", ";x/", "/%2e/"],
  a: ["a", "A", "%61", "%41", "%%361", "%2561", "%6%31"],
  c: ["c", "C", "%63", "%6%33"],
  e: ["e", "E", "%65", "%25%36%35"],
} as const;

/** Decodes once, ignores case, takes a backslash for a slash, knows path parameters and needs no second slash. */
function asLenientServer(path: string): string {
  const decoded = decodedOnce(path).toLowerCase().replaceAll("\\", "/");
  return decoded.replaceAll(/;[^/]*/g, "").replaceAll(/(?:\/\.?(?=\/))+/g, "");
}

it("no server that decodes once reads a path as one of a rule that restricts, unless that rule matches", () => {
  const draw = seeded(14);
  const restricts = pathTest("/ace/*", "lenient");
  let met = 0;
  for (let i = 0; i < 100_000; i++) {
    const letters = ["/", "a", "c", "e", "/"] as const;
    const written = letters.map((letter) => SPELLINGS[letter][draw(SPELLINGS[letter].length)]).join("");
    const path = normalisedPath(new URL(`http://shop.test/${written}x`).pathname);
    if (!asLenientServer(path).startsWith("/ace/")) continue;
    met += 1;
    expect(restricts(path), written).toBe(true);
  }
  expect(met).toBeGreaterThan(5000);
});

it.each([";", "a;/", "//", "%2525", "../", "%ff"])(
  "a hundred rules cost a long path of %s hardly more than one does",
  (piece) => {
    const rules = (count: number) => {
      const all = Array.from({ length: count }, (_, i) => [`/admin${String(i)}/*`, `/{x}/admin${String(i)}/*`]);
      return all.flat().map((match) => pathTest(match, "lenient"));
    };
    const fastest = (tests: readonly ((path: string) => boolean)[]): number => {
      const runs = Array.from({ length: 5 }, (_, i) => {
        const path = `/x;${piece.repeat(15_000 / piece.length)}${String(i)}${String(tests.length)}`;
        const startedAt = performance.now();
        for (const test of tests) test(path);
        return performance.now() - startedAt;
      });
      return Math.min(...runs);
    };
    expect(fastest(rules(100))).toBeLessThan(10 * fastest(rules(1)) + 5);
  },
);
