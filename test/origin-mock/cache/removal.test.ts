// Proves that addresses, entities and everything fall at once in every process and version, without a search for keys; that
// no fill that began before is served after; and that a Redis that lost its memory brings nothing back.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import { createKeyBuilder, SHOP_KEYS } from "../../../origin-mock/cache/key.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { REMOVE } from "../../../origin-mock/cache/scripts.ts";
import { createSessions } from "../../../origin-mock/auth/sessions.ts";
import { createCarts } from "../../../origin-mock/cart/carts.ts";
import { ADDRESS, cacheOver, gatedLoad, KEY, never, query } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
let cache: CacheAside;
let other: CacheAside;
let otherRedis: RedisPort;
beforeAll(async () => {
  room = await openRedisRoom();
  otherRedis = await room.another();
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
  cache = cacheOver(room.redis);
  other = cacheOver(otherRedis);
});

const LIST = { entity: "product-list", id: "bath" } as const;
const fillBoth = async (): Promise<void> => {
  await cache.read(query(async () => "product"));
  await cache.read(query(async () => "list", { address: LIST }));
};
/** Which of the two are still there. */
const held = async (reader: CacheAside): Promise<readonly string[]> => {
  const [product, list] = await Promise.all([
    reader.read(query(async () => "new")),
    reader.read(query(async () => "new", { address: LIST })),
  ]);
  return [product.outcome === "hit" ? "product" : "", list.outcome === "hit" ? "list" : ""].filter(
    (name) => name !== "",
  );
};

const REMOVALS = [
  ["remove", (one: CacheAside) => one.remove([ADDRESS]), ["list"]],
  ["removeEntities", (one: CacheAside) => one.removeEntities(["product"]), ["list"]],
  ["removePattern product:*", (one: CacheAside) => one.removePattern("product:*"), ["list"]],
  ["removePattern product:7", (one: CacheAside) => one.removePattern("product:7"), ["list"]],
  ["removePattern product:7:*", (one: CacheAside) => one.removePattern("product:7:*"), ["list"]],
  ["removePattern product:8:*", (one: CacheAside) => one.removePattern("product:8:*"), ["product", "list"]],
  ["removePattern *", (one: CacheAside) => one.removePattern("*"), []],
  ["bumpVersion", (one: CacheAside) => one.bumpVersion(), []],
] as const;

describe.each(REMOVALS)("%s", (_, act, left) => {
  test("removes what it names, in the other process too", async () => {
    await fillBoth();
    expect(await act(other)).toEqual({ status: "done", keys: 1 });
    expect(await held(cache)).toEqual(left);
  });

  test("a fill that began before it is never served after it", async () => {
    const source = gatedLoad();
    const slow = cache.read(query(source.load));
    await source.began;
    await act(other);
    source.end("old");
    expect(await slow).toMatchObject({ value: "old" });
    const survives = left.some((name) => name === "product");
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: survives ? "old" : "new" });
  });

  test("nor after another read has begun anew", async () => {
    const source = gatedLoad();
    const slow = cache.read(query(source.load));
    await source.began;
    await act(other);
    const survives = left.some((name) => name === "product");
    if (!survives) await other.read(query(async () => "new"));
    source.end("old");
    await slow;
    expect(await cache.read(query(never))).toMatchObject({ value: survives ? "old" : "new", outcome: "hit" });
  });

  test("is owed while Redis does not confirm it: this process reads the database until then", async () => {
    let broken = true;
    const flaky = cacheOver({
      eval: (script, keys, args) =>
        broken && script === REMOVE ? Promise.reject(new Error("cut off")) : otherRedis.eval(script, keys, args),
    });
    await fillBoth();
    expect(await act(flaky)).toEqual({ status: "deferred", keys: 1, reason: "cut off" });
    expect(await flaky.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "bypass" });
    broken = false;
    await flaky.settle();
    expect(await held(cache)).toEqual(left);
  });
});

test.each([
  "",
  "product",
  "produc*",
  "prod*:7",
  "product:7*",
  "product:*:x",
  "product:7:en",
  "session:*",
  "cart:1",
  "*:7",
  "**",
])("the pattern %j is refused with a reason, and removes nothing", async (pattern) => {
  await fillBoth();
  const refused = pattern === "product:" ? undefined : cache.removePattern(pattern);
  if (refused !== undefined) {
    await expect(refused).rejects.toMatchObject({
      name: "InvalidArgument",
      message: expect.stringContaining(`the pattern ${JSON.stringify(pattern)} is none of "*", "<entity>:*"`),
    });
  }
  expect(await held(cache)).toEqual(["product", "list"]);
});

test("an entity that falls twice, and falls while it is empty, falls each time", async () => {
  for (const value of ["one", "two", "three"]) {
    expect(await cache.read(query(async () => value))).toMatchObject({ value, outcome: "miss" });
    await other.removeEntities(["product"]);
    await other.removeEntities(["product"]);
  }
});

describe("versions of the schema", () => {
  const next = (): CacheAside =>
    cacheOver(otherRedis, { keys: createKeyBuilder({ prefix: "shop", version: SHOP_KEYS.version + 1 }) });

  test("do not see each other's entries", async () => {
    await cache.read(query(async () => "this"));
    expect(await next().read(query(async () => "next"))).toMatchObject({ value: "next", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ value: "this", outcome: "hit" });
  });

  // The removals that reach the product.
  test.each(REMOVALS.filter(([, , left]) => left.length < 2))("both obey the %s of either", async (_, act) => {
    const later = next();
    await cache.read(query(async () => "old"));
    await later.read(query(async () => "old"));
    await act(cache);
    expect(await later.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    await cache.read(query(async () => "new"));
    await act(later);
    expect(await cache.read(query(async () => "newest"))).toMatchObject({ value: "newest", outcome: "miss" });
  });

  test("sessions and carts survive a bump", async () => {
    const [sessions, carts] = [createSessions(room.redis), createCarts(room.redis)];
    const sid = await sessions.start("alice");
    const owner = { kind: "user", username: "alice" } as const;
    await carts.change(owner, { kind: "add", productId: 7, quantity: 2 });
    await cache.bumpVersion();
    expect(await sessions.find(sid)).toBe("alice");
    expect((await carts.read(owner)).lines).toEqual([{ product_id: 7, quantity: 2 }]);
  });
});

describe("a Redis that lost its memory", () => {
  test("accepts no fill from before", async () => {
    const source = gatedLoad();
    const slow = cache.read(query(source.load));
    await source.began;
    await room.restart();
    source.end("old");
    expect(await slow).toMatchObject({ value: "old" });
    expect(await room.command("EXISTS", KEY)).toBe(0);
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
  });

  test("also once it has counted as far as before: incarnations are random", async () => {
    const source = gatedLoad();
    const slow = cache.read(query(source.load));
    await source.began;
    await room.restart();
    await cacheOver(room.redis).read(query(async () => "new"));
    source.end("old");
    await slow;
    expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("of incarnations only (evicted, say) holds no entry that counts", async () => {
    await fillBoth();
    await room.command("DEL", SHOP_KEYS.incarnations);
    expect(await held(cache)).toEqual([]);
  });

  test("of one entity's incarnation only keeps the others", async () => {
    await fillBoth();
    await room.command("HDEL", SHOP_KEYS.incarnations, "entity:product");
    expect(await held(cache)).toEqual(["list"]);
  });

  test.each(["SET", "RPUSH", "SADD"])("or has another program's %s in their place, neither", async (write) => {
    await fillBoth();
    await room.command("DEL", SHOP_KEYS.incarnations);
    await room.command(write, SHOP_KEYS.incarnations, "x");
    expect(await held(cache)).toEqual([]);
    await cache.removeEntities(["product"]);
    expect(await held(cache)).toEqual(["list"]);
  });
});

describe("a Redis restored from an older snapshot", () => {
  const restored = async (): Promise<void> => {
    await room.command("SAVE");
    await other.remove([ADDRESS]);
    await room.restart();
  };
  afterAll(async () => {
    await room.command("FLUSHALL");
    await room.command("SAVE");
  });

  test("has forgotten a removal it confirmed, so nothing it holds counts once the connection is settled", async () => {
    await fillBoth();
    await restored();
    expect(await room.command("HGET", KEY, "variant:")).toContain("product");
    // Not awaited: reads wait for it.
    const settled = cache.settle();
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    await settled;
    expect(await held(cacheOver(room.redis))).toEqual(["product"]);
  });

  test("the same server is believed", async () => {
    await fillBoth();
    await cache.settle();
    await cacheOver(room.redis).settle();
    expect(await held(cache)).toEqual(["product", "list"]);
  });
});

test("owing more than a thousand removals is owing everything: memory is bounded while Redis is away", async () => {
  let broken = true;
  const sizes: number[] = [];
  const flaky = cacheOver({
    eval: (script, keys, args) => {
      if (script === REMOVE) sizes.push(args.length);
      return broken ? Promise.reject(new Error("cut off")) : otherRedis.eval(script, keys, args);
    },
  });
  await fillBoth();
  for (let id = 1_000; id < 3_500; id += 1) await flaky.remove([{ entity: "product", id: String(id) }]);
  broken = false;
  await flaky.settle();
  expect(Math.max(...sizes)).toBeLessThan(1_010);
  expect(await held(cache)).toEqual([]);
});

test("no removal looks through the keys", async () => {
  await room.command("CONFIG", "RESETSTAT");
  await fillBoth();
  for (const [, act] of REMOVALS) await act(cache);
  const stats = String(await room.command("INFO", "commandstats"));
  expect(stats).toContain("cmdstat_hdel");
  expect(stats).not.toMatch(/cmdstat_(?:keys|scan)\b/);
});
