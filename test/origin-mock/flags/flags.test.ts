// Proves feature flags: rollouts that only add people, what is held for how long, and a Redis that is away or full of junk.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isOnFor, parseFlag } from "../../../origin-mock/flags/definition.ts";
import type { Flag } from "../../../origin-mock/flags/definition.ts";
import { createFlags, SHOP_FLAGS } from "../../../origin-mock/flags/flags.ts";
import type { Flags } from "../../../origin-mock/flags/flags.ts";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { barrier, quiet } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

const flag = (more: Partial<Flag> = {}): Flag => ({ name: "badge", rollout: 0, salt: "badge", overrides: {}, ...more });
const subject = fc.string({ minLength: 1 });

describe("a rollout", () => {
  test("that rises only adds people", () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(percent, percent, subject, subject, (one, two, salt, person) => {
        const [low, high] = [Math.min(one, two), Math.max(one, two)];
        if (isOnFor(flag({ rollout: low, salt }), person)) {
          expect(isOnFor(flag({ rollout: high, salt }), person)).toBe(true);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("of 0 is nobody, of 100 everybody", () => {
    fc.assert(
      fc.property(subject, subject, (salt, person) => {
        expect(isOnFor(flag({ rollout: 0, salt }), person)).toBe(false);
        expect(isOnFor(flag({ rollout: 100, salt }), person)).toBe(true);
      }),
    );
  });

  test.each([1, 10, 50, 90])("of %d is about that many of a hundred", (rollout) => {
    const people = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    const share = people.filter((person) => isOnFor(flag({ rollout }), person)).length / people.length;
    expect(Math.abs(share * 100 - rollout)).toBeLessThan(1.5);
  });

  test("with another salt is for other people", () => {
    const people = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
    const both = people.filter(
      (person) => isOnFor(flag({ rollout: 50 }), person) && isOnFor(flag({ rollout: 50, salt: "other" }), person),
    );
    expect(Math.abs(both.length / people.length - 0.25)).toBeLessThan(0.05);
  });

  test("does not know who is overridden", () => {
    const overrides = { alice: true, bob: false };
    expect(isOnFor(flag({ overrides }), "alice")).toBe(true);
    expect(isOnFor(flag({ rollout: 100, overrides }), "bob")).toBe(false);
    expect(isOnFor(flag(), "toString")).toBe(false);
    expect(isOnFor(flag({ rollout: 100 }), "__proto__")).toBe(true);
  });
});

test("a definition's every fault is named", () => {
  expect(parseFlag({ name: "Bad Name", rollout: 101, salt: "", overrides: { alice: "yes" } })).toEqual({
    ok: false,
    faults: [
      { at: "/name", detail: expect.any(String) },
      { at: "/rollout", detail: "must be a number from 0 to 100" },
      { at: "/salt", detail: expect.any(String) },
      { at: "/overrides", detail: expect.any(String) },
    ],
  });
  expect(parseFlag([])).toMatchObject({ ok: false });
});

test("any definition is parsed or refused, never thrown at", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ name: fc.jsonValue(), rollout: fc.jsonValue(), salt: fc.jsonValue(), overrides: fc.jsonValue() }),
      ),
      (value) => {
        const parsed = parseFlag(value);
        if (parsed.ok) expect(parseFlag(JSON.parse(JSON.stringify(parsed.value)))).toEqual(parsed);
        else expect(parsed.faults).not.toEqual([]);
      },
    ),
  );
});

describe("kept in Redis", () => {
  const KEY = cacheKey({ entity: "flags", id: "" });
  let room: RedisRoom;
  let nowMs = 0;
  let reads = 0;
  let broken = false;
  const counted: Pick<RedisPort, "eval"> = {
    eval: (script, keys, args) => {
      reads += 1;
      return broken ? Promise.reject(new Error("cut off")) : room.redis.eval(script, keys, args);
    },
  };
  const open = (redis = counted): Flags =>
    createFlags({
      redis,
      defaults: [flag({ name: "other" }), flag()],
      monotonicMs: () => nowMs,
      report: quiet,
      holdMs: 5_000,
    });
  beforeAll(async () => {
    room = await openRedisRoom();
  });
  afterAll(() => room.close());
  beforeEach(async () => {
    await room.command("FLUSHALL");
    [nowMs, reads, broken] = [0, 0, false];
  });

  test("a flag is as delivered until it is set, and survives a change of the schema's version", async () => {
    const flags = open();
    expect(await flags.isOn("badge", "alice")).toBe(false);
    await flags.setFlag(flag({ rollout: 100 }));
    expect(await flags.isOn("badge", "alice")).toBe(true);
    expect((await flags.all()).map(({ name, rollout }) => `${name} ${rollout}`)).toEqual(["badge 100", "other 0"]);
    expect(await flags.isOn("nobody-defined", "alice")).toBe(false);
    expect(KEY).toBe("shop:-:flags:");
  });

  test("Redis is asked once in five seconds, and others' changes are seen then", async () => {
    const [flags, other] = [open(), open(room.redis)];
    await Promise.all(Array.from({ length: 50 }, () => flags.isOn("badge", "alice")));
    expect(reads).toBe(1);
    await other.setFlag(flag({ rollout: 100 }));
    nowMs = 4_999;
    expect(await flags.isOn("badge", "alice")).toBe(false);
    nowMs = 5_000;
    expect(await flags.isOn("badge", "alice")).toBe(true);
    expect(reads).toBe(2);
  });

  test("Redis away: what was known stays in force, and it is not asked each time", async () => {
    const flags = open();
    await flags.setFlag(flag({ rollout: 100 }));
    await flags.isOn("badge", "alice");
    broken = true;
    nowMs = 10_000;
    reads = 0;
    for (const _ of [1, 2, 3]) expect(await flags.isOn("badge", "alice")).toBe(true);
    expect(reads).toBe(1);
    await expect(flags.setFlag(flag())).rejects.toThrow("cut off");
    expect(await open().isOn("badge", "alice")).toBe(false);
  });

  test("a reading from before a write of ours does not hide it", async () => {
    const [asked, gate] = [barrier(), barrier()];
    let held = true;
    const slow = open({
      eval: async (script, keys, args) => {
        const reply = await room.redis.eval(script, keys, args);
        if (held && args.length === 0) {
          asked.resolve();
          await gate.promise;
        }
        return reply;
      },
    });
    const before = slow.isOn("badge", "alice");
    await asked.promise;
    held = false;
    await slow.setFlag(flag({ rollout: 100 }));
    expect(await slow.isOn("badge", "alice")).toBe(true);
    gate.resolve();
    await before;
    expect(await slow.isOn("badge", "alice")).toBe(true);
  });

  test("junk in Redis is not there: the defaults are in force", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.constant(JSON.stringify(flag({ name: "other", rollout: 100 }))),
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.oneof(fc.constant("badge"), fc.string({ unit: "binary", minLength: 1 })),
        async (value, name) => {
          await room.command("FLUSHALL");
          await room.command("HSET", KEY, name, value);
          if (name === "other") return;
          const flags = open(room.redis);
          expect([await flags.isOn("badge", "alice"), await flags.isOn("other", "alice")]).toEqual([false, false]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each(["SET", "RPUSH"])("so is another program's %s, until a flag is set", async (write) => {
    await room.command(write, KEY, "x");
    const flags = open();
    expect(await flags.isOn("badge", "alice")).toBe(false);
    await flags.setFlag(flag({ rollout: 100 }));
    expect(await flags.isOn("badge", "alice")).toBe(true);
  });
});

test("the shop's own flags are valid", () => {
  for (const one of SHOP_FLAGS) expect(parseFlag(one)).toEqual({ ok: true, value: one });
});
