// Owns the proof that everybody is answered in their language by every tier, and of who is not where a tier does not tell languages apart.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/asking.ts";
import { TIER_POLICY } from "../../../origin-mock/http/policy.ts";
import { type Mistake, withFields } from "../support/shop-mistakes.ts";
import { jsonOf } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const PRODUCT = "/api/products/7";
const SITE = { rules: [{ match: "/api/*", vary: { languages: ["en", "de", "fr"] } }] };
let world: ShopWorld;

beforeAll(async () => {
  world = await startShopWorld({}, SITE);
});
afterAll(() => world.close());

type Place = "edge" | "edge that knows the languages" | "gateway";

function urlOf(place: Place): string {
  const [edge = "", knowing = ""] = world.edges;
  return { edge, "edge that knows the languages": knowing, gateway: world.originUrl }[place] + PRODUCT;
}

/** An English reader's page after a German reader's, twice: its language by field, and by its text. */
async function readAfterGerman(place: Place): Promise<readonly (readonly [unknown, boolean])[]> {
  const read = (language: string) => ask(urlOf(place), { headers: { "accept-language": language } });
  const german = jsonOf(await read("de-DE"));
  const shown: (readonly [unknown, boolean])[] = [];
  for (const _time of ["first", "second"]) {
    const seen = await read("en-GB");
    shown.push([seen.fields["content-language"], jsonOf(seen)["name"] === german["name"]]);
  }
  return shown;
}

const noVary: Mistake = { tierPolicy: { product: { ...TIER_POLICY.product, vary: [] } } };
const wrongVary: Mistake = { leaving: (response) => withFields(response, { Vary: "Accept-Encoding" }) };
const keyedByPath: Mistake = { gatewayKey: (request) => new URL(request.url).pathname };

const ENGLISH = ["en", false] as const;
const GERMAN = ["de", true] as const;

describe("an English reader, after a German one", () => {
  it.each<readonly [what: string, mistake: Mistake, place: Place, shown: typeof ENGLISH | typeof GERMAN]>([
    ["as the shop is", {}, "edge", ENGLISH],
    ["as the shop is, without an edge", {}, "gateway", ENGLISH],
    ["no Vary", noVary, "edge", GERMAN],
    ["a Vary that names something else", wrongVary, "edge", GERMAN],
    ["no Vary: the gateway's key has the language", noVary, "gateway", ENGLISH],
    ["no Vary: a rule of the edge helps", noVary, "edge that knows the languages", ENGLISH],
    ["a gateway's key without the language", keyedByPath, "gateway", GERMAN],
    ["a gateway's key without the language: no Vary helps", keyedByPath, "edge", GERMAN],
    ["a gateway's key without the language: no rule helps", keyedByPath, "edge that knows the languages", GERMAN],
  ])("%s", async (_, mistake, place, shown) => {
    await world.serve({ mistake });
    expect(await readAfterGerman(place)).toEqual([shown, shown]);
  });
});
