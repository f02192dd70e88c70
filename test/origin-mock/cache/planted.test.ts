// Proves that whatever stands in Redis under our names is at worst a miss: other versions, other programs, other types,
// halves, and very much of it.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { encodeEntry } from "../../../origin-mock/cache/envelope.ts";
import { ADDRESS, cacheOver, KEY, never, parseText, query } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
beforeAll(async () => {
  room = await openRedisRoom();
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
});

const expectMissThenHit = async (): Promise<void> => {
  const cache = cacheOver(room.redis);
  expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
  expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
};
const readMany = () =>
  cacheOver(room.redis).readMany({
    entity: "product",
    ids: ["7"],
    variant: "",
    ttlMs: 60_000,
    parse: parseText,
    load: async (ids) => new Map(ids.map((id) => [id, "new"])),
  });

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.json(),
  fc.json().map((json) => json.slice(0, -1)),
  fc.jsonValue().map((value) => JSON.stringify({ format: 2, value })),
  fc.oneof(fc.integer(), fc.array(fc.string()), fc.dictionary(fc.string(), fc.jsonValue())).map(encodeEntry),
  fc.constantFrom(
    "",
    "null",
    '{"format":1}',
    '{"format":1,"value":null}',
    encodeEntry("old").slice(0, -1),
    "[".repeat(200_000),
  ),
);

test("any text in an entry's place is a miss, and what is loaded instead is kept", async () => {
  await fc.assert(
    fc.asyncProperty(text, async (planted) => {
      await room.command("FLUSHALL");
      await cacheOver(room.redis).read(query(async () => "old"));
      await room.command("HSET", KEY, "variant:", planted);
      await expectMissThenHit();
    }),
    { numRuns: 150 },
  );
});

test("the same for a read of many", async () => {
  await fc.assert(
    fc.asyncProperty(text, async (planted) => {
      await room.command("FLUSHALL");
      await readMany();
      await room.command("HSET", KEY, "variant:", planted);
      expect(await readMany()).toMatchObject({ outcome: "miss", hits: 0, values: new Map([["7", "new"]]) });
      expect(await readMany()).toMatchObject({ outcome: "hit", hits: 1 });
    }),
    { numRuns: 100 },
  );
});

test.each(["lease:", "absent:", "filled", "generation"])(
  "any text in the place of %j changes no answer",
  async (field) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("1 x", "-1 ", "1e400 x", "nan")),
        async (planted) => {
          await room.command("FLUSHALL");
          const cache = cacheOver(room.redis, { pause: async () => undefined });
          await cache.read(query(async () => "x", { variant: "2" }));
          await room.command("HSET", KEY, field, planted);
          expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
        },
      ),
      { numRuns: 100 },
    );
  },
);

const PLANTS: readonly (readonly [string, ...string[]])[] = [
  ["SET", KEY, "text"],
  ["SET", KEY, ""],
  ["RPUSH", KEY, "generation", "variant:"],
  ["SADD", KEY, "generation"],
  ["ZADD", KEY, "1", "generation"],
  ["XADD", KEY, "*", "variant:", encodeEntry("old")],
  ["HSET", KEY, "generation", "g", "variant:", encodeEntry("old")],
  ["HSET", KEY, "variant:", encodeEntry("old")],
];
test.each(PLANTS.map((command) => [command.join(" "), command] as const))(
  "%s is a miss and is replaced",
  async (_, command) => {
    await room.command(...command);
    await expectMissThenHit();
    await room.command("DEL", KEY);
    await room.command(...command);
    expect(await readMany()).toMatchObject({ outcome: "miss" });
    expect(await readMany()).toMatchObject({ outcome: "hit" });
    await room.command("DEL", KEY);
    await room.command(...command);
    expect(await cacheOver(room.redis).remove([ADDRESS])).toMatchObject({ status: "done" });
  },
);

test("another type that appears while a read loads costs the fill, not the answer", async () => {
  const cache = cacheOver(room.redis);
  const load = async (): Promise<string> => {
    await room.command("DEL", KEY);
    await room.command("SET", KEY, "text");
    return "new";
  };
  expect(await cache.read(query(load))).toMatchObject({ value: "new", outcome: "miss" });
  await expectMissThenHit();
});

test("an entry larger than any we write is not even fetched, readable as it may be", async () => {
  await cacheOver(room.redis).read(query(async () => "old"));
  const script = `redis.call('HSET', KEYS[1], 'variant:', ARGV[1] .. string.rep('x', 16 * 1024 * 1024) .. ARGV[2])`;
  await room.redis.eval(script, [KEY], encodeEntry("|").split("|"));
  await expectMissThenHit();
});

test("an address without a lifetime is not ours", async () => {
  await cacheOver(room.redis).read(query(async () => "old"));
  await room.command("PERSIST", KEY);
  await expectMissThenHit();
});
