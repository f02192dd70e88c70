// Owns the law of traceparent (W3C Trace Context, level 1): valid fields, and the part that goes on.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTraceparent, traceparent } from "../../../src/http/message/traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const DIGIT = fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16));
const SPAN = "b7ad6b7169203331";

describe("read", () => {
  it.each([
    ["version 00, sampled", `00-${TRACE}-${SPAN}-01`, true],
    ["version 00, not sampled", `00-${TRACE}-${SPAN}-00`, false],
    ["Other Flags: an unknown one beside it", `00-${TRACE}-${SPAN}-03`, true],
    ["Other Flags: all but the one that is known", `00-${TRACE}-${SPAN}-fe`, false],
    ["Versioning: a later version", `01-${TRACE}-${SPAN}-01`, true],
    ["Versioning: a later version that says more", `cc-${TRACE}-${SPAN}-00-what-ever`, false],
    ["Versioning: a later version that ends in a dash", `cc-${TRACE}-${SPAN}-01-`, true],
  ])("%s", (_, value, isSampled) => {
    expect(readTraceparent(value)).toEqual({ traceId: TRACE, isSampled });
  });

  it.each([
    ["nothing", ""],
    ["version: ff is forbidden", `ff-${TRACE}-${SPAN}-01`],
    ["version: capitals", `0A-${TRACE}-${SPAN}-01`],
    ["version: one digit", `0-${TRACE}-${SPAN}-01`],
    ["version 00 has nothing behind its flags", `00-${TRACE}-${SPAN}-01-more`],
    ["version 00 has no dash at its end", `00-${TRACE}-${SPAN}-01-`],
    ["Versioning: more without a dash", `cc-${TRACE}-${SPAN}-01.more`],
    ["trace-id: zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["trace-id: capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["trace-id: too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["trace-id: too long", `00-${TRACE}0-${SPAN}-01`],
    ["trace-id: not hexadecimal", `00-${TRACE.slice(1)}g-${SPAN}-01`],
    ["parent-id: zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["parent-id: capitals", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
    ["parent-id: too short", `00-${TRACE}-${SPAN.slice(1)}-01`],
    ["trace-flags: one digit", `00-${TRACE}-${SPAN}-1`],
    ["trace-flags: three digits", `00-${TRACE}-${SPAN}-011`],
    ["trace-flags: missing", `00-${TRACE}-${SPAN}`],
    ["white space inside", `00-${TRACE}-${SPAN} -01`],
    ["underscores", `00_${TRACE}_${SPAN}_01`],
    ["two lines of it", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])("%s: none", (_, value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });

  it("never throws, and takes nothing but 32 lower-case digits for an id", () => {
    const almost = fc.tuple(
      fc.constantFrom("00", "01", "ff", "0g"),
      fc.string({ unit: fc.constantFrom("0", "a", "f"), minLength: 31, maxLength: 33 }),
      fc.string({ unit: fc.constantFrom("0", "a", "f"), minLength: 15, maxLength: 17 }),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          almost.map((parts) => parts.join("-")),
        ),
        (value) => {
          const read = readTraceparent(value);
          if (read) expect(read.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        },
      ),
    );
  });
});

it("a written field is read as it was, under another span", () => {
  const hex = (length: number) =>
    fc.string({ unit: DIGIT, minLength: length, maxLength: length }).filter((digits) => !/^0+$/.test(digits));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) => {
      const written = traceparent({ traceId, isSampled }, spanId);
      expect(written).toBe(`00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`);
      expect(readTraceparent(written)).toEqual({ traceId, isSampled });
    }),
  );
});
