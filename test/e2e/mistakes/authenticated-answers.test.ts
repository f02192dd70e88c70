// Owns the proof that what one person is answered is shown to nobody else, tier by tier, and of what shows it where that is taken away.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TierPolicy } from "../../../origin-mock/cache/tier-policy.ts";
import { ask } from "../support/asking.ts";
import { type Fields, type Mistake, withFields } from "../support/shop-mistakes.ts";
import { bearer, jsonOf, sessionOf } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const PROFILE = "/api/me/profile";
let world: ShopWorld;
let alice: Readonly<Record<"bearer" | "cookie", Fields>>;
let others: readonly (readonly [name: string, fields: Fields])[];

beforeAll(async () => {
  world = await startShopWorld({}, { rules: [{ match: "/api/me/*", auth: "shared" }] });
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
  return { edge, "sharing edge": sharing, gateway: world.originUrl }[place] + PROFILE;
}

/** Who is shown alice's profile after she has looked at it, and for whom it is as it must be. */
async function shownTo(place: Place, how: "bearer" | "cookie"): Promise<readonly string[]> {
  const url = urlOf(place);
  for (const _look of ["first", "second"]) {
    const own = await ask(url, { headers: alice[how] });
    expect(jsonOf(own)).toMatchObject({ username: "alice" });
  }
  const shown: string[] = [];
  for (const [name, headers] of others) {
    const seen = await ask(url, { headers });
    const { username } = jsonOf(seen);
    if (username === "alice") shown.push(name);
    else expect([seen.status, username]).toEqual(name === "a stranger" ? [401, undefined] : [200, "bob"]);
  }
  return shown;
}

const EVERYBODY = ["bob with a token", "bob with a session", "a stranger"];
const NOBODY: readonly string[] = [];

const OPEN: TierPolicy = {
  audience: "public",
  application: 60,
  gateway: 10,
  cdn: 30,
  cdnStaleWhileRevalidate: 0,
  cdnStaleIfError: 0,
  browser: 30,
  vary: [],
};
/** Of what is told to caches; the gateway's own table was made before. */
const open: Mistake = { policy: { profile: OPEN } };
const openButVarying: Mistake = { policy: { profile: { ...OPEN, vary: ["Authorization", "Cookie"] } } };

/** Says for how long and not whose it is, and nothing behind the edge adds that. */
const unconfined: Mistake = {
  leaving: (response, request) =>
    request.url.endsWith(PROFILE) && response.status === 200
      ? withFields(response, { "Cache-Control": "max-age=30", Vary: "" })
      : response,
};
const keyedByPath: Mistake = { gatewayKey: (request) => new URL(request.url).pathname };

type Row = readonly [what: string, mistake: Mistake, place: Place, shown: readonly string[]];

const ROWS: readonly Row[] = [
  ["as the shop is", {}, "edge", NOBODY],
  ["as the shop is, before an edge that shares", {}, "sharing edge", NOBODY],
  ["as the shop is, without an edge", {}, "gateway", NOBODY],

  ["told public, without Vary", open, "edge", EVERYBODY],
  ["told public, without Vary: the gateway still keeps one for each person", open, "gateway", NOBODY],
  ["told public: the edge keeps nothing that varies on who asks", openButVarying, "edge", NOBODY],
  ["neither private nor Vary: the edge keeps no answer to credentials", unconfined, "edge", NOBODY],
  ["neither private nor Vary, and the edge is told to share", unconfined, "sharing edge", EVERYBODY],

  ["a gateway's key without the person", keyedByPath, "gateway", EVERYBODY.slice(0, 2)],
  ["a gateway's key without the person: no edge helps", keyedByPath, "edge", EVERYBODY.slice(0, 2)],
];

describe.each(["bearer", "cookie"] as const)("the profile of who is known by %s", (how) => {
  it.each(ROWS)("%s", async (_, mistake, place, shown) => {
    await world.serve({ mistake });
    expect(await shownTo(place, how)).toEqual(shown);
  });
});
