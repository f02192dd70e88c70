// Owns the proof that what one person is answered is shown to nobody else, tier by tier, and of what shows it where that is taken away.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/asking.ts";
import { type Fields, type Mistake, withFields } from "../support/shop-mistakes.ts";
import { bearer, jsonOf, sessionOf } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const PROFILE = "/api/me/profile";
let world: ShopWorld;
let alice: Readonly<Record<"bearer" | "cookie", Fields>>;
let others: readonly (readonly [name: string, fields: Fields])[];

beforeAll(async () => {
  world = await startShopWorld({}, { rules: ["/api/me/*", "/api/cart"].map((match) => ({ match, auth: "shared" })) });
  await world.serve();
  const { originUrl } = world;
  alice = { bearer: bearer("alice"), cookie: await sessionOf(originUrl, "alice") };
  others = [
    ["bob with a token", bearer("bob")],
    ["bob with a session", await sessionOf(originUrl, "bob")],
    ["a stranger", {}],
  ];
});
afterAll(() => world.close());

type Place = "edge" | "sharing edge" | "gateway";

function urlOf(place: Place): string {
  const [edge = "", sharing = ""] = world.edges;
  return { edge, "sharing edge": sharing, gateway: world.originUrl }[place];
}

/** The visitors who see alice's page after her, and the visitors who see their own. */
async function shownTo(place: Place, how: "bearer" | "cookie", path: string): Promise<readonly string[]> {
  const url = urlOf(place) + path;
  const strangers = path === PROFILE ? [401, undefined] : [200, null];
  for (const _look of ["first", "second"]) {
    const own = await ask(url, { headers: alice[how] });
    expect(jsonOf(own)).toMatchObject({ username: "alice" });
  }
  const shown: string[] = [];
  for (const [name, headers] of others) {
    const seen = await ask(url, { headers });
    const { username } = jsonOf(seen);
    if (username === "alice") shown.push(name);
    else expect([seen.status, username]).toEqual(name === "a stranger" ? strangers : [200, "bob"]);
  }
  return shown;
}

const EVERYBODY = ["bob with a token", "bob with a session", "a stranger"];
const NOBODY: readonly string[] = [];

const isPublic = (vary: readonly string[]): Mistake => {
  const inner = { application: 60, gateway: 10, cdn: 30, cdnStaleWhileRevalidate: 0, cdnStaleIfError: 0 };
  return { tierPolicy: { profile: { audience: "public", ...inner, browser: 30, vary } } };
};
const NOTHING_OF_WHOSE = { "Cache-Control": "max-age=30" };
const CART = "/api/cart";

/** The gateway adds neither `private` nor Vary to what leaves. */
const unconfined: Mistake = {
  leaving: (response, request) =>
    request.url.endsWith(PROFILE) && response.status === 200
      ? withFields(response, { ...NOTHING_OF_WHOSE, Vary: "" })
      : response,
};
const keyedByPath: Mistake = { gatewayKey: (request) => new URL(request.url).pathname };

type Row = readonly [what: string, mistake: Mistake, place: Place, shown: readonly string[]];

const ROWS: readonly Row[] = [
  ["as the shop is", {}, "edge", NOBODY],
  ["as the shop is, before an edge that shares", {}, "sharing edge", NOBODY],
  ["as the shop is, without an edge", {}, "gateway", NOBODY],

  ["public, without Vary", isPublic([]), "edge", EVERYBODY],
  ["public, without Vary: the gateway has a key for each person", isPublic([]), "gateway", NOBODY],
  ["public: the edge keeps nothing that varies on who asks", isPublic(["Authorization", "Cookie"]), "edge", NOBODY],
  ["nothing adds them: the edge keeps no answer to credentials", unconfined, "edge", NOBODY],
  ["nothing adds them, and the edge is told to share", unconfined, "sharing edge", EVERYBODY],

  ["a gateway's key without the person", keyedByPath, "gateway", EVERYBODY.slice(0, 2)],
  ["a gateway's key without the person: no edge helps", keyedByPath, "edge", EVERYBODY.slice(0, 2)],
];

describe.each(["bearer", "cookie"] as const)("pages of a visitor known by %s", (how) => {
  it.each(ROWS)("%s", async (_, mistake, place, shown) => {
    await world.serve({ mistake });
    expect(await shownTo(place, how, PROFILE)).toEqual(shown);
  });

  it("no private and no Vary: the gateway adds both", async () => {
    await world.serve({ mistake: { policy: { cart: NOTHING_OF_WHOSE } } });
    expect(await shownTo("sharing edge", how, CART)).toEqual(NOBODY);
  });
});
