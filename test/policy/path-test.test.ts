// Owns the property that a rule that restricts is evaded by no spelling that a server which decodes once would read as its own.
import { expect, it } from "vitest";
import { normalisedPath } from "../../src/http/path.ts";
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
