// Owns the proof that only application, gateway, CDN, in this order, leaves nothing old behind, wherever a visitor comes between.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseProduct } from "../../../origin-mock/catalogue/product.ts";
import { productAddress } from "../../../origin-mock/invalidation/names.ts";
import { barrier } from "../../support/barrier.ts";
import { ask } from "../support/asking.ts";
import { type Fields, inOrder, type Mistake, type TierName } from "../support/shop-mistakes.ts";
import { changePrice, jsonOf, priceAt } from "../support/shop-people.ts";
import { type Instance, type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const NEW_CENTS = 7_654_321;
let world: ShopWorld;
let edge = "";
let id = 100;

beforeAll(async () => {
  world = await startShopWorld();
  [edge = ""] = world.edges;
});
afterAll(() => world.close());
beforeEach(() => {
  id += 1;
});

/** A visitor while a change is on its way: the edge holds the page, but must ask for a visitor who reloads. */
const VISITORS: Readonly<Record<string, Fields>> = { reader: {}, reloader: { "cache-control": "no-cache" } };

const visit = (fields: Fields): Promise<unknown> => priceAt(edge, id, fields);

/** Each tier's copy of the product, read without filling any tier but the gateway, which comes last. */
async function oldIn({ cache }: Instance): Promise<readonly TierName[]> {
  const atEdge = await ask(`${edge}/api/products/${id}`, { headers: { "cache-control": "only-if-cached" } });
  const inCache = await cache.read({
    address: productAddress(id),
    variant: "en",
    ttlMs: 1,
    parse: parseProduct,
    load: async () => undefined,
  });
  const atGateway = await ask(`${world.originUrl}/api/products/${id}`);
  const holdings: Readonly<Record<TierName, unknown>> = {
    application: inCache.value?.price_cents,
    gateway: atGateway.fields["x-cache-gateway"] === "HIT" ? jsonOf(atGateway)["price_cents"] : undefined,
    cdn: atEdge.status === 504 ? undefined : jsonOf(atEdge)["price_cents"],
  };
  const names: readonly TierName[] = ["application", "gateway", "cdn"];
  return names.filter((name) => holdings[name] !== undefined && holdings[name] !== NEW_CENTS);
}

interface Outcome {
  readonly steps: readonly TierName[];
  readonly old: readonly TierName[];
  /** The next visitor sees an old price. */
  readonly told: boolean;
}

/** The event is handled when the change has been answered, or before what the change does by itself. */
type Pace = "event last" | "event first";

const eventFirst: Mistake = {
  invalidation: (right) => ({
    ...right,
    queued: (targets, event) => world.handled(event).then(() => right.queued(targets, event)),
  }),
};

/** A change during which the visitor comes once: before the step of this number, or after the last. */
async function changeWith(mistake: Mistake, pace: Pace, visitAtStep: number, visitor: Fields): Promise<Outcome> {
  const steps: TierName[] = [];
  const before = async (tier: TierName): Promise<void> => {
    if (steps.push(tier) - 1 === visitAtStep) await visit(visitor);
  };
  id += 1;
  const instance = world.open({ before, mistake });
  const answered = barrier();
  const events: Instance["events"] = async (list) => {
    if (pace === "event last") await answered.passed;
    return instance.events(list);
  };
  world.stand({ ...instance, events });
  const oldPrice = await visit({});
  const event = await changePrice(world.originUrl, id, NEW_CENTS);
  answered.open();
  await world.handled(event);
  if (visitAtStep >= steps.length) await visit(visitor);
  const old = await oldIn(instance);
  return { steps, old, told: (await visit({})) === oldPrice };
}

/** All that is old in some interleaving. */
async function harmOf(mistake: Mistake, stepCount: number, pace: Pace = "event last"): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const visitor of Object.values(VISITORS)) {
    for (let step = 0; step <= stepCount; step += 1) {
      outcomes.push(await changeWith(mistake, pace, step, visitor));
    }
  }
  const old = new Set(outcomes.flatMap((outcome) => outcome.old));
  return { steps: outcomes[0]?.steps ?? [], old: [...old].sort(), told: outcomes.some(({ told }) => told) };
}

type Order = readonly [TierName, TierName, TierName];
const ORDERS: readonly (readonly [order: Order, old: readonly TierName[]])[] = [
  [["application", "gateway", "cdn"], []],
  [["application", "cdn", "gateway"], ["cdn"]],
  [["cdn", "application", "gateway"], ["cdn"]],
  [["gateway", "application", "cdn"], ["gateway"]],
  [
    ["gateway", "cdn", "application"],
    ["cdn", "gateway"],
  ],
  [
    ["cdn", "gateway", "application"],
    ["cdn", "gateway"],
  ],
];

describe("invalidating once, in each order, with a visitor at each step", () => {
  it.each(ORDERS)("%j leaves old: %j", async (order, old) => {
    const harm = await harmOf({ invalidation: inOrder(order) }, order.length);
    expect(harm).toEqual({ steps: order, old, told: old.length > 0 });
  });
});

describe("a visitor between two steps, held there", () => {
  /** Resolves once the visitor has been there, and the change is handled. */
  async function visitBetween(mistake: Mistake, held: TierName): Promise<void> {
    const [arrived, go] = [barrier(), barrier()];
    const before = async (tier: TierName): Promise<void> => {
      if (tier !== held) return;
      arrived.open();
      await go.passed;
    };
    world.stand(world.open({ before, mistake }));
    await visit({});
    const changing = changePrice(world.originUrl, id, NEW_CENTS);
    await arrived.passed;
    await visit({});
    go.open();
    await world.handled(await changing);
  }

  it("CDN first: caches the old price again, and it stays for its whole lifetime", async () => {
    await world.serve();
    const oldPrice = await visit({});
    await visitBetween({ invalidation: inOrder(["cdn", "application", "gateway"]) }, "application");
    const seen = await ask(`${edge}/api/products/${id}`);
    expect(jsonOf(seen)["price_cents"]).toBe(oldPrice);
    expect(Number(/^hit; ttl=(\d+)/.exec(seen.said)?.[1])).toBeGreaterThan(200);
    expect(await priceAt(world.originUrl, id)).toBe(NEW_CENTS);
  });

  it.each<TierName>(["application", "gateway", "cdn"])("as the shop does it, before %s: sees the new", async (held) => {
    await world.serve();
    await visitBetween({}, held);
    expect(await visit({})).toBe(NEW_CENTS);
  });
});

describe("the shop's own change", () => {
  const INNER: readonly TierName[] = ["application", "gateway"];

  it.each<readonly [string, Mistake, Pace, readonly TierName[]]>([
    ["cleans the inner tiers, then all for the event", {}, "event last", [...INNER, ...INNER, "cdn"]],
    ["may be overtaken by its event", eventFirst, "event first", [...INNER, "cdn", ...INNER]],
  ])("%s: nothing old is left wherever a visitor comes", async (_, mistake, pace, steps) => {
    expect(await harmOf(mistake, steps.length, pace)).toEqual({ steps, old: [], told: false });
  });

  it("has cleaned the inner tiers before its event: even in the wrong order that leaves nothing old", async () => {
    const wrong = inOrder(["cdn", ...INNER]);
    const mistake: Mistake = { invalidation: (right) => ({ ...wrong(right), queued: right.queued }) };
    const steps = [...INNER, "cdn", ...INNER];
    expect(await harmOf(mistake, steps.length)).toEqual({ steps, old: [], told: false });
  });

  it("is seen although an answer from before it reaches the edge after it", async () => {
    const [left, go] = [barrier(), barrier()];
    const instance = world.open();
    const page = `/api/products/${id}`;
    world.stand({
      ...instance,
      async handle(request) {
        const response = await instance.handle(request);
        if (request.method !== "GET" || !request.url.endsWith(page)) return response;
        left.open();
        await go.passed;
        return response;
      },
    });
    const early = visit({});
    await left.passed;
    await world.handled(await changePrice(world.originUrl, id, NEW_CENTS));
    go.open();
    expect(await early).not.toBe(NEW_CENTS);
    expect(await visit({})).toBe(NEW_CENTS);
  });
});
