// Owns the proof of reduced requests: the values of declared fields for key and origin.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declaredFields, reducedReader, type VaryPolicy } from "../../../src/http/select/reduced-request.ts";
import { anyPatternTest } from "../../../src/http/message/pattern.ts";
import { type Fields, readerOfHeaders } from "../support.ts";

const NOTHING: VaryPolicy = {
  languages: undefined,
  media: undefined,
  encodings: undefined,
  device: false,
  cookies: undefined,
  headers: new Map(),
};

const EVERYTHING: VaryPolicy = {
  languages: ["en", "de"],
  media: ["image/avif", "image/webp"],
  encodings: ["br", "gzip"],
  device: true,
  cookies: anyPatternTest(["theme", "ab-*"]),
  headers: new Map([
    ["x-tier", ["Gold", "silver"]],
    ["sec-ch-ua-mobile", ["?1", "?0"]],
  ]),
};

const reduced = (name: string, fields: Fields, policy = EVERYTHING): string | undefined =>
  reducedReader(readerOfHeaders(fields), policy)(name);

describe("declared fields", () => {
  it("are sorted, in lower case", () => {
    expect(declaredFields(EVERYTHING)).toEqual([
      "accept",
      "accept-encoding",
      "accept-language",
      "cookie",
      "sec-ch-ua-mobile",
      "user-agent",
      "x-tier",
    ]);
  });

  it("are none where nothing is declared", () => {
    expect(declaredFields(NOTHING)).toEqual([]);
  });
});

describe("a declared field", () => {
  it.each<[string, string, Fields, string | undefined]>([
    ["RFC 4647 3.4: a language of the site", "accept-language", { "Accept-Language": "de-CH, en;q=0.5" }, "de"],
    ["RFC 4647 3.4: the first language where none fits", "accept-language", { "Accept-Language": "ja" }, "en"],
    ["RFC 4647 3.4: and where none is asked for", "accept-language", {}, "en"],
    ["RFC 9110 12.5.1: a type of the site", "accept", { Accept: "text/html, image/webp" }, "image/webp"],
    ["RFC 9110 12.5.1: anything where none is named", "accept", { Accept: "image/*" }, "*/*"],
    ["RFC 9110 12.5.1: and where there is no field", "accept", {}, "*/*"],
    ["RFC 9110 12.5.3: a coding of the site", "accept-encoding", { "Accept-Encoding": "zstd, gzip" }, "gzip"],
    ["RFC 9110 12.5.3: identity where there is no field", "accept-encoding", {}, "identity"],
    ["a device", "user-agent", { "User-Agent": "Mozilla/5.0 (iPhone)" }, "mobile"],
    ["a device where there is no field", "user-agent", {}, "desktop"],
    ["a configured value, in the configured spelling", "x-tier", { "X-Tier": " gOLD\t" }, "Gold"],
    ["another value is as good as absent", "x-tier", { "X-Tier": "platinum" }, undefined],
    [
      "two lines are another value",
      "x-tier",
      [
        ["x-tier", "Gold"],
        ["x-tier", "silver"],
      ],
      undefined,
    ],
    ["an empty value too", "x-tier", { "X-Tier": "" }, undefined],
    ["absent stays absent", "x-tier", {}, undefined],
    ["punctuation is nothing special", "sec-ch-ua-mobile", { "Sec-CH-UA-Mobile": "?1" }, "?1"],
  ])("%s", (_, name, fields, expected) => {
    expect(reduced(name, fields)).toBe(expected);
  });

  it.each<[string, string | readonly string[], string | undefined]>([
    ["only the named ones", "sid=1; theme=dark; _ga=2", "theme=dark"],
    ["by pattern", "ab-1=x; ab=y", "ab-1=x"],
    ["sorted by name", "theme=dark; ab-2=b; ab-1=a", "ab-1=a; ab-2=b; theme=dark"],
    ["none", "sid=1", undefined],
    ["an empty field", "", undefined],
    ["RFC 6265 4.1.1: case counts", "Theme=dark", undefined],
    ["white space around names and values", "theme = dark ;ab-1= a", "ab-1=a; theme=dark"],
    ["RFC 6265 4.2.1: several lines, joined by a comma on their way", ["theme=dark", "ab-1=a"], "ab-1=a; theme=dark"],
    ["nothing hides behind a comma", "sid=1, theme=dark", "theme=dark"],
    ["one name twice, in order", "theme=b; theme=a", "theme=b; theme=a"],
    ["a value with equals signs", "theme=a=b", "theme=a=b"],
    ["an empty value is a value", "theme=", "theme="],
    ["a name without a value is none", "theme", undefined],
    ["a value without a name is none", "=theme; theme", undefined],
    ["quotes protect nothing: servers split there", 'theme="a; ab-1=b"', 'ab-1=b"; theme="a'],
  ])("RFC 6265 4.2.1: cookies: %s", (_, cookie, expected) => {
    const lines = typeof cookie === "string" ? [cookie] : cookie;
    expect(
      reduced(
        "cookie",
        lines.map((line) => ["cookie", line] as const),
      ),
    ).toBe(expected);
  });
});

it("a field that is not declared is the client's own", () => {
  const fields = {
    "accept-language": "ja",
    accept: "a/b",
    "user-agent": "x",
    cookie: "sid=1",
    "x-tier": "a",
    "x-any": "b",
  };
  for (const [name, value] of Object.entries(fields)) expect(reduced(name, fields, NOTHING), name).toBe(value);
  expect(reduced("accept-encoding", { "accept-encoding": "zstd" }, NOTHING)).toBe("zstd");
  expect(reduced("x-any", fields)).toBe("b");
  expect(reduced("x-none", fields)).toBeUndefined();
  expect(reduced("__proto__", fields)).toBeUndefined();
});

describe("for every request", () => {
  const CLOSED: Readonly<Record<string, readonly (string | undefined)[]>> = {
    "accept-language": ["en", "de"],
    accept: ["image/avif", "image/webp", "*/*"],
    "accept-encoding": ["br", "gzip", "identity"],
    "user-agent": ["mobile", "tablet", "desktop", "bot"],
    "x-tier": ["Gold", "silver", undefined],
    "sec-ch-ua-mobile": ["?1", "?0", undefined],
  };
  const piece = fc.constantFrom(
    "de",
    "en",
    "*",
    "br",
    "gzip",
    "image/avif",
    ",",
    ";",
    "q=",
    "0",
    "1",
    " ",
    "=",
    "theme",
    "gold",
    "?1",
    '"',
    "Mobile",
  );
  const value = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary-ascii" }),
  );
  const name = fc.constantFrom(...declaredFields(EVERYTHING));

  it("answers come from the closed sets", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(CLOSED)), fc.option(value, { nil: undefined }), (field, text) => {
        expect(CLOSED[field]).toContain(reducedReader(() => text, EVERYTHING)(field));
      }),
    );
  });

  it("reducing twice is reducing once", () => {
    fc.assert(
      fc.property(name, fc.option(value, { nil: undefined }), (field, text) => {
        const once = reducedReader(() => text, EVERYTHING);
        expect(reducedReader(once, EVERYTHING)(field)).toBe(once(field));
      }),
    );
  });

  it("cookies: only named ones, whatever else is there and in which order", () => {
    const pair = fc.tuple(
      fc.constantFrom("theme", "sid", "ab-1", "_ga", "Theme"),
      fc.constantFrom("1", "", "a b", "="),
    );
    fc.assert(
      fc.property(fc.uniqueArray(pair, { selector: ([cookie]) => cookie }), (pairs) => {
        const written = pairs.map(([cookie, content]) => `${cookie}=${content}`);
        const answer = reducedReader(() => written.join("; "), EVERYTHING)("cookie");
        expect(reducedReader(() => written.toReversed().join(" ,"), EVERYTHING)("cookie")).toBe(answer);
        const names = answer?.split("; ").map((one) => one.split("=", 1)[0]) ?? [];
        expect(names.every((one) => one === "theme" || one === "ab-1")).toBe(true);
      }),
    );
  });
});
