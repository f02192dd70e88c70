// Owns the proof that media work in a real browser through the edge: ranges, and a film that is wound forward.
import { describe, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import { GAP, makeFilm, secondShown, wind } from "./support/film.ts";
import { inChromium, type Stage } from "./support/stage.ts";
import { html, visit } from "./support/visit.ts";

const SITE = { rules: [{ match: "/media/*", edge: { ttl: 600 } }] };

async function held({ recorder }: Stage, path: string): Promise<void> {
  await until("the edge holds it", async () => {
    const response = await fetch(recorder.url + path);
    await response.arrayBuffer();
    return response.headers.get("x-cache") === "HIT";
  });
}

inChromium("media", SITE, (stage) => {
  describe("ranges", () => {
    it.each<readonly [string, string, number, string | null, string]>([
      ["the first bytes", "bytes=0-3", 206, "bytes 0-3/36", "0123"],
      ["bytes in the middle", "bytes=10-12", 206, "bytes 10-12/36", "abc"],
      ["the last bytes", "bytes=-2", 206, "bytes 34-35/36", "yz"],
      ["an open range", "bytes=33-", 206, "bytes 33-35/36", "xyz"],
      ["nothing that is there", "bytes=36-", 416, "bytes */36", ""],
    ])("a page asks for %s", async (name, range, status, contentRange, body) => {
      const { origin, recorder, page } = stage();
      const path = `/ranges/${encodeURIComponent(name)}`;
      const digits = Array.from({ length: 36 }, (_, i) => i.toString(36)).join("");
      // kept by the edge, where no rule says otherwise, and not by the browser, which would cut ranges itself
      const fields = { "cache-control": "no-store", "cdn-cache-control": "max-age=600", "content-type": "text/plain" };
      origin.answer(path, { fields: { ...fields, etag: '"36"' }, body: digits });
      origin.answer("/page", html("page"));
      await visit(page, "/page");
      for (const kept of ["miss", "hit"]) {
        const got = await page.evaluate(
          async ([path, range]) => {
            const response = await fetch(path, { headers: { range } });
            return [response.status, response.headers.get("content-range"), await response.text()];
          },
          [path, range] as const,
        );
        expect(got, kept).toEqual([status, contentRange, body]);
      }
      expect(recorder.seen(path).map(({ fields }) => fields.range)).toEqual([range, range]);
      expect(origin.asked(path)).toHaveLength(1);
    });
  });

  describe("a film", () => {
    it.each(["unknown to the edge", "held by the edge"])("that is %s can be wound forward and back", async (what) => {
      const { origin, recorder, page } = stage();
      const path = `/media/${what.replaceAll(" ", "-")}.webm`;
      origin.answer("/studio", html("studio"));
      origin.answer(`${path}/page`, html(`<video src="${path}" muted></video>`));
      await visit(page, "/studio");
      const film = await makeFilm(page);
      origin.answer(path, { fields: { "content-type": "video/webm", etag: '"film"' }, body: film });
      if (what.startsWith("held")) await held(stage(), path);
      const requests = recorder.seen(path).length;

      await visit(page, `${path}/page`);
      for (const second of [18, 22, 3]) {
        await wind(page, second + 0.5);
        await until(`second ${String(second)} is shown`, async () => (await secondShown(page)) === second);
      }
      const answers = recorder.seen(path).slice(requests);
      const ranges = answers.flatMap(({ status, answered }) => (status === 206 ? [answered["content-range"]] : []));
      expect(answers.map(({ status }) => status)).not.toContain(200);
      expect(ranges[0]).toBe(`bytes 0-${String(film.length - 1)}/${String(film.length)}`);
      // the second half came by a range of its own: the player jumped over the gap
      const starts = ranges.map((range) => Number(/\d+/.exec(range ?? "")?.[0]));
      expect(Math.max(...starts)).toBeGreaterThan(GAP / 2);
      if (what.startsWith("held")) expect(origin.asked(path)).toHaveLength(1);
    });
  });
});
