// Owns the proof that a real browser validates through the edge: made validators, 304s, shells that are asked for each time.
import { describe, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import type { Recorder } from "./support/recorder.ts";
import { inChromium } from "./support/stage.ts";
import { fetched, html, reload, script, visit } from "./support/visit.ts";

const SITE = {
  tiers: { memory: { bodyBytes: 10_000 } },
  rules: [
    { match: "/shell/*", edge: { ttl: 600 }, browser: { validate: true }, tags: ["shell"] },
    { match: "/firm/*", edge: { ttl: 600 }, browser: { validate: true }, client: "ignore" as const },
    { match: "/brief/*", edge: { ttl: 600 }, browser: { ttl: 1 } },
    { match: "/plain/*", edge: { ttl: 600 }, browser: { etag: false, validate: true } },
    { match: "/assets/*", browser: { ttl: 31_536_000, immutable: true } },
  ],
};
const MADE = /^"strata-[^"]+"$/;
const AT_ONCE_STALE = "max-age=0, s-maxage=600";

/** One exchange of the browser: the status, and whether the request was conditional. */
function exchanges(recorder: Recorder, path: string): string[] {
  return recorder
    .seen(path)
    .map(({ fields, status }) => `${fields["if-none-match"] === undefined ? "whole" : "changed?"} ${String(status)}`);
}

inChromium("a browser validates", SITE, (stage) => {
  describe("an answer without validators", () => {
    it.each<readonly [string, string, string, readonly string[]]>([
      ["by default", "/any/a", AT_ONCE_STALE, ["whole 200", "whole 200", "changed? 304", "changed? 304"]],
      ["for a shell", "/shell/b", "", ["whole 200", "whole 200", "changed? 304", "changed? 304"]],
      ["unless a rule forbids it", "/plain/c", "", ["whole 200", "whole 200", "whole 200", "whole 200"]],
    ])("gets a tag from its bytes, from the second on: %s", async (_, at, said, expected) => {
      const { origin, recorder, page } = stage();
      origin.answer(at, html("the same text", said));
      for (const _visit of expected) expect(await visit(page, at)).toBe("the same text");
      expect(exchanges(recorder, at)).toEqual(expected);
      const [first, second, third] = recorder.seen(at).map(({ answered }) => answered.etag);
      expect(first).toBeUndefined();
      if (expected.includes("changed? 304")) {
        expect(second).toMatch(MADE);
        expect(third).toBe(second);
        expect(recorder.seen(at)[2]?.fields["if-none-match"]).toBe(second);
      }
      expect(origin.asked(at)).toHaveLength(1);
    });

    it("gets none where its body is too large to keep in memory", async () => {
      const { origin, recorder, page } = stage();
      origin.answer("/any/large", html("large ".repeat(5000), AT_ONCE_STALE));
      await visit(page, "/any/large");
      await until("the colo has it", async () => {
        await visit(page, "/any/large");
        return recorder.seen("/any/large").at(-1)?.answered["cache-status"]?.includes("hit");
      });
      expect(recorder.seen("/any/large").map(({ answered }) => answered.etag)).not.toContainEqual(expect.anything());
    });

    it("is validated when its second in the browser is over, and has another from the 304", async () => {
      const { origin, recorder, page } = stage();
      origin.answer("/brief/a", { fields: { "content-type": "text/plain" }, body: "the same text" });
      origin.answer("/brief/page", html("page"));
      await visit(page, "/brief/page");
      const ask = async (): Promise<string | undefined> => {
        expect(await fetched(page, "/brief/a")).toBe("the same text");
        return exchanges(recorder, "/brief/a").find((exchange) => exchange === "changed? 304");
      };
      await until("a 304", ask);
      expect(exchanges(recorder, "/brief/a")).toEqual(["whole 200", "whole 200", "changed? 304"]);
      const { answered } = recorder.seen("/brief/a")[2] ?? {};
      expect(answered?.["cache-control"]).toBe(`max-age=${String(Number(answered?.["age"]) + 1)}`);
      expect(origin.asked("/brief/a")).toHaveLength(1);
    });

    it("never takes its tag to the origin, also when its reader signs in and is answered by the origin alone", async () => {
      const { origin, recorder, newPage } = stage();
      const at = "/shell/account";
      origin.answer(at, ({ headers }) => html(headers.cookie?.includes("sid=") ? "your account" : "sign in", ""));
      const page = await newPage();
      for (let i = 0; i < 2; i++) expect(await visit(page, at)).toBe("sign in");
      await page.context().addCookies([{ name: "sid", value: "1", url: recorder.url }]);
      expect(await visit(page, at)).toBe("your account");
      expect(recorder.seen(at)[2]?.fields["if-none-match"]).toMatch(MADE);
      expect(origin.asked(at).map((fields) => fields["if-none-match"])).toEqual([undefined, undefined]);
    });
  });

  describe("a shell", () => {
    const asset = (release: string): string => `/assets/${release}.0a1b2c3d.js`;
    const shell = (release: string): string => `<h1>shell ${release}</h1><script src="${asset(release)}"></script>`;

    it.each<readonly [string, string, Readonly<Record<string, string>>, readonly string[]]>([
      ["an entity tag", "/shell/tag", { etag: '"one"' }, ["whole 200"]],
      ["a weak entity tag", "/shell/weak", { etag: 'W/"one"' }, ["whole 200"]],
      ["no validator", "/shell/none", {}, ["whole 200", "whole 200"]],
    ])("is asked for each time, until a purge shows the new one: the origin sends %s", async (_, at, fields, whole) => {
      const { origin, recorder, page, purge } = stage();
      const release = (name: string, fields: Readonly<Record<string, string>>): void => {
        const answer = html(shell(name), "max-age=600");
        origin.answer(at, { ...answer, fields: { ...answer.fields, ...fields } });
        origin.answer(asset(name), script("ran", {}));
      };
      const [before, after] = [`${at.slice(7)}-1`, `${at.slice(7)}-2`];
      release(before, fields);
      const unchanged = [...whole, "changed? 304", "changed? 304"];
      for (const _visit of unchanged) expect(await visit(page, at)).toMatch(`shell ${before}`);
      expect(exchanges(recorder, at)).toEqual(unchanged);
      expect(recorder.seen(at).map(({ answered }) => answered["cache-control"])).toEqual(
        unchanged.map(() => "no-cache"),
      );

      const changed = Object.fromEntries(
        Object.entries(fields).map(([name, tag]) => [name, tag.replace("one", "two")]),
      );
      release(after, changed);
      expect(await visit(page, at)).toMatch(`shell ${before}`);
      expect(origin.asked(at)).toHaveLength(1);
      await purge({ tags: ["shell"] });
      expect(await visit(page, at)).toMatch(new RegExp(`shell ${after}\\s+ran`));
      expect(exchanges(recorder, at).at(-1)).toBe("changed? 200");
      for (const _visit of whole) await visit(page, at);
      expect(exchanges(recorder, at).at(-1)).toBe("changed? 304");
      expect(await visit(page, at)).toMatch(`shell ${after}`);

      expect(origin.asked(at)).toHaveLength(2);
      for (const name of [before, after]) expect(recorder.seen(asset(name))).toHaveLength(1);
      for (const asked of origin.asked(at)) expect(asked["if-none-match"] ?? "").not.toContain("strata-");
    });

    it("with Last-Modified alone is validated by date", async () => {
      const { origin, recorder, page } = stage();
      const answer = html("dated", "max-age=600");
      const lastModified = "Mon, 02 Nov 2026 10:00:00 GMT";
      origin.answer("/shell/dated", { ...answer, fields: { ...answer.fields, "last-modified": lastModified } });
      for (let i = 0; i < 3; i++) expect(await visit(page, "/shell/dated")).toBe("dated");
      const seen = recorder.seen("/shell/dated");
      expect(seen.map(({ status }) => status)).toEqual([200, 304, 304]);
      expect(seen.map(({ fields }) => fields["if-modified-since"])).toEqual([undefined, lastModified, lastModified]);
      expect(origin.asked("/shell/dated")).toHaveLength(1);
    });

    it.each([
      ["asks the origin, as the browser wishes", "/shell/reloaded", 2],
      ["asks the edge alone, where a rule ignores that wish", "/firm/reloaded", 1],
    ])("whose page is reloaded %s", async (_, at, asked) => {
      const { origin, recorder, page } = stage();
      origin.answer(at, ({ headers }) => {
        const fields = { "content-type": "text/html", etag: '"one"' };
        return headers["if-none-match"] === '"one"' ? { status: 304, fields, body: "" } : { fields, body: "shell" };
      });
      expect(await visit(page, at)).toBe("shell");
      expect(await reload(page)).toBe("shell");
      expect(recorder.seen(at)[1]?.fields["cache-control"]).toBe("max-age=0");
      expect(exchanges(recorder, at)).toEqual(["whole 200", "changed? 304"]);
      expect(origin.asked(at).map((fields) => fields["if-none-match"])).toEqual([undefined, '"one"'].slice(0, asked));
    });
  });
});
