// Owns the proof that a purge reaches what a real browser keeps for a year: once, and only browsers that hold something.
import { describe, expect, it } from "vitest";
import { inChromium } from "./support/stage.ts";
import { html, script, visit } from "./support/visit.ts";

const FOREVER = "public, max-age=31536000, immutable";

inChromium("a browser", {}, (stage) => {
  describe("after a purge of browsers", () => {
    it.each<readonly [string, string, Record<string, string>]>([
      ["a page with a tag", "/tagged", { etag: '"1"' }],
      ["a page with a date", "/dated", { "last-modified": "Mon, 16 Nov 2026 10:00:00 GMT" }],
    ])("%s fetches assets and pages anew, once", async (_, at, validator) => {
      const { origin, recorder, newPage, purge } = stage();
      const browser = (await newPage()).context();
      // a tab of its own for each visit: scripts that a tab has in memory are no cache's to drop
      const visitAnew = async (path: string): Promise<string> => {
        const tab = await browser.newPage();
        const shown = await visit(tab, path);
        await tab.close();
        return shown;
      };
      const [asset, leaf] = [`${at}/app.js`, `${at}/leaf`];
      const shell = html(`<script src="${asset}"></script>`, "no-cache");
      origin.answer(at, { ...shell, fields: { ...shell.fields, ...validator } });
      const keep = (text: string): void => {
        origin.answer(asset, script(text, { "cache-control": FOREVER }));
        origin.answer(leaf, html(`${text} leaf`, FOREVER));
      };
      const fetches = (): readonly number[] => [asset, leaf].map((path) => recorder.seen(path).length);
      const cleared = (): number =>
        recorder.seen(at).filter(({ answered }) => answered["clear-site-data"] !== undefined).length;

      // purges of other tests may have gone before: what they ask of a browser is done after two visits
      keep("warm");
      for (const path of [at, at, at, leaf]) await visitAnew(path);
      let [[seen = 0, leaves = 0], clearings] = [fetches(), cleared()];
      for (const text of ["new", "newer"]) {
        keep(text);
        await purge({ everything: true, browsers: true });
        for (const _ of [1, 2, 3]) {
          expect(await visitAnew(at)).toBe(text);
          expect(await visitAnew(leaf)).toBe(`${text} leaf`);
        }
        expect(fetches()[0]).toBe((seen += 1));
        expect(fetches()[1]).toBe((leaves += 1));
        expect(cleared()).toBe((clearings += 1));
      }
      // what it holds now is its own again
      expect(recorder.seen(at).at(-1)?.answered["cache-control"]).toBe("no-cache");
    });

    it("who has never been here is cleared once at most, who refuses cookies never", async () => {
      const { origin, recorder, newPage, purge } = stage();
      origin.answer("/first", html("page", "no-cache"));
      await purge({ everything: true, browsers: true });
      const page = await newPage();
      for (const _ of [1, 2, 3, 4]) await visit(page, "/first");
      const cleared = (): number =>
        recorder.seen("/first").filter(({ answered }) => answered["clear-site-data"] !== undefined).length;
      expect(cleared()).toBe(1);
      const forgetful = await newPage();
      for (const _ of [1, 2, 3]) {
        await visit(forgetful, "/first");
        await forgetful.context().clearCookies();
      }
      expect(cleared()).toBe(1);
    });
  });
});
