// Owns the proof that the stored format loses nothing, and that whatever else it is given is a miss.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Stored } from "../../src/http/law/stored.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import {
  decodeBeginning,
  decodeFrame,
  decodeHead,
  encodeFrame,
  encodeHead,
  FORMAT_VERSION,
} from "../../src/tiers/codec.ts";
import type { Entry, KnownHead } from "../../src/tiers/tier.ts";
import { bytesOf, keyOf, responseEntry, storedOf } from "../support/stored.ts";

const AT = "f00d";
const text = fc.string({ unit: "binary", maxLength: 30 });
const pairs = fc.array(fc.tuple(text, text), { maxLength: 5 });
const seconds = fc.oneof(fc.nat(), fc.double({ min: 0, max: 2 ** 31, noNaN: true }));
const optional = fc.option(text, { nil: undefined });
// names as a Vary field may hold them, those with a meaning in JavaScript among them
const fieldName = fc.oneof(fc.stringMatching(/^[a-z0-9-]{1,12}$/), fc.constantFrom("tostring", "valueof", "hasown"));

const stored: fc.Arbitrary<Stored> = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: pairs,
  edgeHeaders: pairs,
  bodyLength: fc.constant(undefined),
  receivedAtMs: fc.nat(),
  initialAgeSeconds: seconds,
  lifetimeSeconds: seconds,
  staleWhileRevalidateSeconds: seconds,
  staleIfErrorSeconds: seconds,
  staleAllowed: fc.boolean(),
  alwaysValidate: fc.boolean(),
  forAuthorization: fc.boolean(),
  forSession: fc.boolean(),
  etag: optional,
  lastModified: optional,
  variant: fc.dictionary(fieldName, text, { noNullPrototype: true }),
  targets: fc.array(
    text.map((value) => targetHash({ kind: "tag", value })),
    { maxLength: 5 },
  ),
  fence: fc.record({ incarnation: text, seq: fc.nat() }),
});

const variation = fc.record({
  generation: text,
  fields: fc.array(text),
  variants: fc.array(text.map(keyOf)),
  languages: fc.array(fc.tuple(text, text)),
});

const entry: fc.Arbitrary<{ entry: Entry; body: Uint8Array<ArrayBuffer> }> = fc.oneof(
  fc.tuple(stored, fc.uint8Array({ maxLength: 200 })).map(([s, raw]) => {
    const body = Uint8Array.from(raw);
    const whole: Entry = {
      kind: "response",
      stored: { ...s, bodyLength: body.length },
      body: { kind: "bytes", bytes: body },
    };
    return { entry: whole, body };
  }),
  variation.map((index) => {
    const vary: Entry = { kind: "vary", index };
    return { entry: vary, body: new Uint8Array(0) };
  }),
  fc.tuple(variation, stored, text, fc.uint8Array({ maxLength: 200 })).map(([index, s, own, raw]) => {
    const bytes = Uint8Array.from(raw);
    const carried = {
      own: keyOf(own),
      stored: { ...s, bodyLength: bytes.length },
      body: { kind: "bytes", bytes } as const,
    };
    const vary: Entry = { kind: "vary", index, carried };
    return { entry: vary, body: bytes };
  }),
);

function withoutBody(value: Entry): KnownHead {
  if (value.kind === "response") return { kind: value.kind, stored: value.stored };
  const { kind, index, carried } = value;
  return carried ? { kind, index, carried: { own: carried.own, stored: carried.stored } } : { kind, index };
}

const frameOf = (value: Entry, body: Uint8Array): ArrayBuffer => encodeFrame(value, body, AT).buffer;

describe("codec", () => {
  it("decodes what it encoded", () => {
    fc.assert(
      fc.property(entry, ({ entry: value, body }) => {
        expect(decodeFrame(frameOf(value, body), AT)).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("writes heads in ASCII without line breaks, whatever they hold", () => {
    fc.assert(
      fc.property(entry, ({ entry: value }) => {
        expect(encodeHead(value, AT)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it.each(["constructor", "__proto__", "prototype"])("keeps a variant on a field called %s", (name) => {
    const value = storedOf({ variant: Object.fromEntries([[name, "x"]]) });
    const head = decodeHead(encodeHead({ ...responseEntry(""), stored: value }, AT), AT);
    const variant = head?.kind === "response" ? head.stored.variant : {};
    expect(Object.entries(variant)).toEqual([[name, "x"]]);
  });

  it("reads the head as soon as all of it is there, and not before", () => {
    fc.assert(
      fc.property(entry, fc.nat(), ({ entry: value, body }, cut) => {
        const frame = encodeFrame(value, body, AT);
        const headLength = frame.length - body.length;
        expect(decodeBeginning(frame.subarray(0, headLength + (cut % (body.length + 1))), AT)).toEqual(
          withoutBody(value),
        );
        expect(decodeBeginning(frame.subarray(0, cut % headLength), AT)).toBe("more");
      }),
      { numRuns: 300 },
    );
  });

  it("gives nothing for any frame that was cut or lengthened", () => {
    fc.assert(
      fc.property(
        entry,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 5 }),
        ({ entry: value, body }, cut, more) => {
          const frame = encodeFrame(value, body, AT);
          const headLength = frame.length - body.length;
          const length = cut % frame.length;
          expect(decodeFrame(frame.slice(0, length).buffer, AT)).toBe(length < headLength ? undefined : "damaged");
          expect(decodeFrame(Uint8Array.from([...frame, ...more]).buffer, AT)).toBe("damaged");
        },
      ),
      { numRuns: 300 },
    );
  });

  it("never throws on bytes that it did not write", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
        expect(decodeFrame(Uint8Array.from(raw).buffer, AT)).toBeUndefined();
        expect([undefined, "more"]).toContain(decodeBeginning(Uint8Array.from(raw), AT));
      }),
      { numRuns: 500 },
    );
  });

  it("never throws on JSON of another kind", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(decodeHead(json, AT)).toBeUndefined();
      }),
    );
  });

  it("gives nothing for what lies at another address", () => {
    fc.assert(
      fc.property(entry, ({ entry: value, body }) => {
        const frame = encodeFrame(value, body, AT);
        expect(decodeFrame(frame.buffer, "beef")).toBeUndefined();
        expect(decodeBeginning(frame, "beef")).toBeUndefined();
      }),
    );
  });

  it("takes every truncated frame for a miss", () => {
    const frame = encodeFrame(responseEntry("some body", { etag: '"e"' }), bytesOf("some body"), AT);
    for (let length = 0; length < frame.length; length++) {
      const isHeadWhole = length >= frame.length - "some body".length;
      const decoded = decodeFrame(frame.slice(0, length).buffer, AT);
      expect(decoded, `first ${String(length)} bytes`).toBe(isHeadWhole ? "damaged" : undefined);
    }
  });

  it("takes a frame with bytes too many for damaged", () => {
    const frame = encodeFrame(responseEntry("body"), bytesOf("body+"), AT);
    expect(decodeFrame(frame.buffer, AT)).toBe("damaged");
  });

  it("takes a frame that claims a longer head than it has for a miss", () => {
    const frame = encodeFrame(responseEntry("body"), bytesOf("body"), AT);
    for (const claim of [frame.length - 3, 2 ** 31, 2 ** 32 - 1]) {
      new DataView(frame.buffer).setUint32(0, claim);
      expect(decodeFrame(frame.buffer, AT)).toBeUndefined();
    }
  });

  const good = encodeHead(responseEntry("x"), AT);

  it.each([
    ["an older version", { v: FORMAT_VERSION - 1 }],
    ["a newer version", { v: FORMAT_VERSION + 1 }],
    ["a version in words", { v: String(FORMAT_VERSION) }],
    ["another address", { address: "0" }],
    ["no address", { address: undefined }],
    ["another kind", { kind: "part" }],
    ["no stored record", { stored: null }],
  ])("takes a head of %s for a miss", (_, change) => {
    expect(decodeHead(good, AT)).toBeDefined();
    expect(decodeHead(JSON.stringify({ ...JSON.parse(good), ...change }), AT)).toBeUndefined();
  });

  it.each(Object.keys(storedOf()).filter((name) => !["bodyLength", "etag", "lastModified"].includes(name)))(
    "takes a head without %s for a miss",
    (name) => {
      const { [name as keyof Stored]: _, ...rest } = storedOf();
      expect(decodeHead(JSON.stringify({ ...JSON.parse(good), stored: rest }), AT)).toBeUndefined();
    },
  );
});
