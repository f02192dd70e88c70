// Proves which traceparent fields are gone on with (W3C Trace Context, sections 3.2 and 3.3).
import { expect, test } from "vitest";
import { continueTrace } from "../../../origin-mock/http/trace.ts";

const hex = (bytes: number): string => "ab".repeat(bytes);
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const STARTED = `00-${hex(16)}-${hex(8)}-01`;

test.each([
  ["sampled", `00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${hex(8)}-01`],
  ["not sampled", `00-${TRACE}-${PARENT}-00`, `00-${TRACE}-${hex(8)}-00`],
  ["a later version, longer", `cc-${TRACE}-${PARENT}-01-what`, `00-${TRACE}-${hex(8)}-01`],
  ["version 00, longer", `00-${TRACE}-${PARENT}-01-what`, STARTED],
  ["the forbidden version", `ff-${TRACE}-${PARENT}-01`, STARTED],
  ["an empty trace", `00-${"0".repeat(32)}-${PARENT}-01`, STARTED],
  ["an empty parent", `00-${TRACE}-${"0".repeat(16)}-01`, STARTED],
  ["capitals", `00-${TRACE.toUpperCase()}-${PARENT}-01`, STARTED],
  ["junk", "x", STARTED],
  ["none", undefined, STARTED],
])("%s", (_, field, expected) => {
  expect(continueTrace(field, hex)).toBe(expected);
});
