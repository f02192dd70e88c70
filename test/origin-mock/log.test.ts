// Proves that a line of the log is one line.
import { expect, test } from "vitest";
import { logLine } from "../../origin-mock/log.ts";

test.each([
  ["another line", "GET /x\nshop: all is well", String.raw`GET /x\u{a}shop: all is well`],
  ["a line by its other names", "\r\u0085\u2028", String.raw`\u{d}\u{85}\u{2028}`],
  ["orders to a terminal", "\u001B[2J\u009B1m", String.raw`\u{1b}[2J\u{9b}1m`],
  ["text that runs backwards", "a\u202Eb", String.raw`a\u{202e}b`],
  ["words", "Küche – кухня", "Küche – кухня"],
])("%s", (_, said, line) => {
  expect(logLine(said, new Error(said))).toBe(`shop: ${line}: ${line}`);
});
