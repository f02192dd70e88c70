// Owns the display of a purge under way: a bar on a terminal, lines elsewhere.
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { createProgress } from "../../../cli/purge/progress.ts";

function shownOn(isTTY: boolean, hasBar: boolean): string {
  const terminal = Object.assign(new PassThrough(), { isTTY });
  const progress = createProgress(terminal, hasBar);
  progress.start("check", 2500);
  progress.start("purge", 2500);
  progress.step(1000);
  progress.note("busy; again in 1 s");
  progress.stop();
  return stripVTControlCharacters(String(terminal.read() ?? ""));
}

test("a terminal shows how many of how many targets, in a line that goes away", () => {
  const shown = shownOn(true, true);
  expect(shown).toMatch(/check \[-+\] 0 % \| 0\/2500 targets/);
  expect(shown).toMatch(/purge \[-+\] 0 % \| 0\/2500 targets/);
  expect(shown).toContain("40 % | 1000/2500 targets | 0s | busy; again in 1 s");
});

test.each([
  ["elsewhere", false, true],
  ["with one batch", true, false],
])("%s there are lines, for what goes wrong", (_, isTTY, hasBar) => {
  expect(shownOn(isTTY, hasBar)).toBe("strata: busy; again in 1 s\n");
});
