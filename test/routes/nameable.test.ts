// Owns the proof that whatever tags a response carries, an order can name each of them, or the response is not stored.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupTarget, readGroups } from "../../src/http/targets/groups.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import { readTags } from "../../src/http/targets/tags.ts";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";
import { select } from "../../src/routes/selectors.ts";
import { strata } from "../../src/strata.ts";
import { requestOf, responseOf, settled } from "../http/support.ts";

const SITE: SiteInput = { rules: [{ match: "/p/{id}/*", tags: ["p:{id}", "all"], edge: { ttl: 60 } }] };
const site = defineSite(SITE);

/** The hashes of everything that an order with these tags purges, as the endpoint reads its JSON. */
function hashesNamed(tags: readonly string[]): readonly string[] {
  const order = JSON.parse(JSON.stringify({ tags })) as { readonly tags: readonly string[] };
  const selection = select(order, site);
  return selection.ok ? selection.selected.flatMap(({ targets }) => targets.map(targetHash)) : [];
}

const FINE = ["a", "B:7", " ", ",", '"', "\\", "\u00fc", "\u00c3\u00bc", "\u00ef\u00bb\u00bf", "\u00a0", "\u20ac"];
const ODD = ["\t", "\u0001", "\u007f", "\u0093", "\u00c2\u0085", "\ud800", "x".repeat(1025)];
const piece = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...FINE) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);
const written = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const group = fc
  .array(fc.oneof(fc.constantFrom(",", " ", "~", "a"), fc.string({ unit: "grapheme-ascii", maxLength: 3 })))
  .map((parts) => `"${parts.join("").replaceAll(/["\\]/g, "\\$&")}"`);
const section = fc.record(
  {
    "cache-tag": written,
    "edge-cache-tag": written,
    "cdn-tag": written,
    "netlify-cache-tag": written,
    "surrogate-key": written,
    "cache-groups": fc.oneof(
      { weight: 4, arbitrary: fc.array(group, { maxLength: 4 }).map((groups) => groups.join(", ")) },
      { weight: 1, arbitrary: written },
    ),
  },
  { requiredKeys: [] },
);

describe("every header section", () => {
  it("that is stored can be purged by an order for each of its tags and groups", () => {
    const seen = { stored: 0, refused: 0, commas: 0 };
    fc.assert(
      fc.property(section, (fields) => {
        const verdict = settled({ ...fields, "cache-control": "max-age=60" });
        if (verdict.verdict !== "store") {
          expect(["tag-unnameable", "tag-too-long"]).toContain(verdict.reason);
          seen.refused += 1;
          return;
        }
        seen.stored += 1;
        const { field } = responseOf(fields);
        const { location } = requestOf();
        const read = readTags(field, []);
        const groups = readGroups(field);
        const names = [...(read.usable ? read.tags : []), ...groups];
        if (groups.some((name) => name.includes(","))) seen.commas += 1;
        for (const name of names) {
          const named = hashesNamed([name]);
          expect(named, name).toHaveLength(1);
          expect(verdict.stored.targets, name).toContain(named[0]);
        }
        // nothing else was filed under: neither another spelling nor another name
        const ofOrigins = groups.map((name) => targetHash(groupTarget(location, name)));
        expect(new Set(verdict.stored.targets)).toEqual(new Set([...hashesNamed(names), ...ofOrigins]));
      }),
      { numRuns: 2000 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  });

  it("the tags that a rule makes of a path can be named, however the path is spelled", () => {
    const segment = fc
      .array(
        fc.oneof(fc.constantFrom("a", ",", "%2C", "%00", "%09", "%20", "%C2%85", "%ff", "%EF%BB%BF", "'", "%C3%BC")),
        {
          minLength: 1,
          maxLength: 5,
        },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(segment, (id) => {
        const path = `/p/${id}/x`;
        const read = readTags(responseOf({}).field, ruleFor(site, path).tagsOf(path));
        if (!read.usable) return;
        expect(read.tags).toHaveLength(2);
        for (const tag of read.tags) expect(hashesNamed([tag])).toEqual([targetHash({ kind: "tag", value: tag })]);
      }),
    );
  });
});

/** One isolate in front of an origin whose answers have the fields a test names. */
function shop() {
  let fields: Record<string, string> = {};
  const routes = { fetch: () => new Response("x", { headers: { "cache-control": "max-age=60", ...fields } }) };
  const { STRATA_ORIGIN: _, ...bound }: Record<string, unknown> = { ...env };
  const bindings = { ...bound, STRATA_COLO: crypto.randomUUID(), STRATA_TOKEN: "secret" };
  const app = strata(defineSite({ rules: [{ match: "/*", tags: ["rule"] }] }), routes);
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const context = createExecutionContext();
    const response = await app.fetch(new Request(`https://shop.test${path}`, init), bindings, context);
    const copy = new Response(await response.arrayBuffer(), response);
    await waitOnExecutionContext(context);
    return copy;
  };
  return {
    answersWith: (next: Record<string, string>) => void (fields = next),
    cacheOf: async (path: string) => {
      const { headers } = await send(path);
      return [headers.get("x-cache"), /detail=([\w/-]+)/.exec(headers.get("cache-status") ?? "")?.[1]];
    },
    purge: async (tags: readonly string[]) => {
      const headers = { authorization: "Bearer secret" };
      return (await send("/.strata/purge", { method: "POST", headers, body: JSON.stringify({ tags }) })).status;
    },
  };
}

describe("through the endpoint", () => {
  it.each<[string, Record<string, string>, string]>([
    ["a group with a comma", { "cache-groups": '"a,b"' }, "a,b"],
    ["a group with a quote and a backslash", { "cache-groups": '"a\\"\\\\b"' }, 'a"\\b'],
    ["a group with white space around it", { "cache-groups": '"  a b "' }, "a b"],
    ["the same, written so in the order", { "cache-groups": '"  a b "' }, "  a b "],
    ["a tag with white space inside", { "cache-tag": "a  b , c" }, "a  b"],
    ["a tag that is one in quotes", { "cdn-tag": '"a' }, '"a'],
    ["a key among others", { "surrogate-key": "a\tb  c" }, "b"],
  ])("%s is purged", async (what, fields, tag) => {
    const { answersWith, cacheOf, purge } = shop();
    const path = `/${encodeURIComponent(what)}`;
    answersWith(fields);
    expect([(await cacheOf(path))[0], (await cacheOf(path))[0]]).toEqual(["MISS", "HIT"]);
    expect(await purge([tag])).toBe(200);
    expect((await cacheOf(path))[0]).toBe("MISS");
  });

  it.each<[string, Record<string, string>, string, string]>([
    ["a tag with a tab inside", { "cache-tag": "a\tb" }, "a\tb", "tag-unnameable"],
    ["a tag with a control character", { "edge-cache-tag": "ok, a\u0001b" }, "a\u0001b", "tag-unnameable"],
    ["a key with DEL", { "surrogate-key": "ok a\u007f" }, "a\u007f", "tag-unnameable"],
    ["a group without a name", { "cache-groups": '"ok", ""' }, "", "tag-unnameable"],
    ["a group of spaces", { "cache-groups": '"   "' }, "   ", "tag-unnameable"],
    ["a group that is too long", { "cache-groups": `"${"x".repeat(1025)}"` }, "x".repeat(1025), "tag-too-long"],
  ])("%s is refused by the endpoint, and its response is not stored", async (what, fields, tag, reason) => {
    const { answersWith, cacheOf, purge } = shop();
    const path = `/${encodeURIComponent(what)}`;
    answersWith(fields);
    for (let i = 0; i < 2; i++) expect(await cacheOf(path)).toEqual(["MISS", `uri-miss/${reason}`]);
    expect(await purge([tag])).toBe(400);
  });
});
