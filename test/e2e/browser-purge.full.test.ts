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

      // earlier tests may have purged browsers: after two visits this browser has obeyed
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
      // from here on it holds only its own copies
      expect(recorder.seen(at).at(-1)?.answered["cache-control"]).toBe("no-cache");
    });

    it("a new browser is cleared once at most, one that refuses cookies never", async () => {
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

    it("a browser that has obeyed stays so: for anything another site sends, in frames, by redirects, and through a service worker", async () => {
      const { origin, recorder, newPage, purge } = stage();
      const validated = { ...html("page", "no-cache").fields, etag: '"1"' };
      origin.answer("/obeys", { fields: validated, body: html('page<script src="/kept.js"></script>').body });
      origin.answer("/kept.js", script("", { "cache-control": FOREVER }));
      origin.answer("/framing", html('<iframe src="/obeys"></iframe>', "no-cache"));
      origin.answer("/moved", { status: 302, fields: { location: "/obeys", "cache-control": "max-age=60" }, body: "" });
      const worker = "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))";
      origin.answer("/worker.js", { fields: { "content-type": "text/javascript" }, body: worker });
      const paths = ["/obeys", "/framing", "/moved"];
      const told = (): readonly string[] =>
        paths.flatMap((path) =>
          recorder.seen(path).flatMap(({ method, fields, answered }) => {
            const what = [
              answered["clear-site-data"],
              answered["set-cookie"]?.map((line) => line.split(";")[0]),
            ].flat();
            return what.some((each) => each !== undefined)
              ? [`${method} ${path} ${String(fields["sec-fetch-site"])}`]
              : [];
          }),
        );
      await purge({ everything: true, browsers: true });
      const page = await newPage();
      await visit(page, "/moved");
      await visit(page, "/obeys");
      const before = told();
      expect(before.length).toBe(2);
      // the form's page has no origin, so no cookie goes with it
      await page.goto("about:blank");
      await page.setContent(`<form method="post" action="${recorder.url}/obeys"><button>send</button></form>`);
      await Promise.all([page.waitForURL("**/obeys"), page.click("button")]);
      expect(recorder.seen("/obeys").at(-1)).toMatchObject({ method: "POST" });
      expect(recorder.seen("/obeys").at(-1)?.fields.cookie).toBeUndefined();
      await page.goto("about:blank");
      await page.setContent(`<iframe src="${recorder.url}/obeys"></iframe>`);
      await page.frameLocator("iframe").locator("body").innerText();
      for (const path of ["/framing", "/moved", "/obeys"]) await visit(page, path);
      await page.evaluate(async () => {
        await navigator.serviceWorker.register("/worker.js");
        await navigator.serviceWorker.ready;
      });
      for (const path of ["/moved", "/obeys", "/framing"]) await visit(page, path);
      expect(told()).toEqual(before);
      // through the worker a page load is one as well
      await purge({ everything: true, browsers: true });
      const fetched = recorder.seen("/kept.js").length;
      await page.close();
      for (const _ of [1, 2]) {
        const tab = await page.context().newPage();
        await visit(tab, "/obeys");
        await tab.close();
      }
      expect(recorder.seen("/kept.js")).toHaveLength(fetched + 1);
      expect(told().slice(before.length)).toHaveLength(1);
    });
  });
});
