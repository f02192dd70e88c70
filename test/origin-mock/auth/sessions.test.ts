// Proves sessions against a real Redis: sliding expiry inside a longest life, the end of one and of all, and failing closed.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSessions, SESSION_IDLE_MS, SESSION_LONGEST_MS } from "../../../origin-mock/auth/sessions.ts";
import type { Sessions } from "../../../origin-mock/auth/sessions.ts";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
let sessions: Sessions;
beforeAll(async () => {
  room = await openRedisRoom();
  sessions = createSessions(room.redis);
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
});

const keyOf = (sid: string): string =>
  cacheKey({ entity: "session", id: createHash("sha256").update(sid).digest("base64url") });
const OWNER = cacheKey({ entity: "user-sessions", id: "alice" });
const lifetimeMs = async (key: string): Promise<number> => Number(await room.command("PTTL", key));
const endsInMs = async (sid: string): Promise<number> => {
  const [seconds, micros] = (await room.command("TIME")) as readonly string[];
  return Number(await room.command("HGET", keyOf(sid), "ends")) - Number(seconds) * 1_000 - Number(micros) / 1_000;
};
const endInMs = async (sid: string, ms: number): Promise<void> => {
  await room.command("HINCRBY", keyOf(sid), "ends", String(Math.round(ms - (await endsInMs(sid)))));
};

test("a session has a person, and keeps neither the id nor a version in its key", async () => {
  const sid = await sessions.start("alice");
  expect(sid).toMatch(/^[\w-]{43}$/);
  expect(await sessions.find(sid)).toBe("alice");
  const keys = (await room.command("KEYS", "*")) as readonly string[];
  expect(keys.toSorted()).toEqual([keyOf(sid), OWNER].toSorted());
  expect(keyOf(sid)).toMatch(/^shop:-:session:/);
  expect(keys.join()).not.toContain(sid);
});

test.each(["", "made-up", "shop:-:session:x", "x".repeat(10_000)])("%j is nobody's", async (sid) => {
  await sessions.start("alice");
  expect(await sessions.find(sid)).toBeUndefined();
});

describe("expiry", () => {
  test("slides with use", async () => {
    const sid = await sessions.start("alice");
    await room.command("PEXPIRE", keyOf(sid), "60000");
    await sessions.find(sid);
    expect(await lifetimeMs(keyOf(sid))).toBeGreaterThan(SESSION_IDLE_MS - 10_000);
  });

  test("never slides past the longest life", async () => {
    const sid = await sessions.start("alice");
    expect(Math.abs((await endsInMs(sid)) - SESSION_LONGEST_MS)).toBeLessThan(5_000);
    await endInMs(sid, 120_000);
    expect(await sessions.find(sid)).toBe("alice");
    expect(await lifetimeMs(keyOf(sid))).toBeLessThanOrEqual(120_000);
  });

  test("a session in constant use ends with its longest life", async () => {
    const sid = await sessions.start("alice");
    await endInMs(sid, -1);
    expect(await sessions.find(sid)).toBeUndefined();
    expect(await room.command("EXISTS", keyOf(sid))).toBe(0);
  });

  test("the list of a person's sessions outlives every one of them", async () => {
    await sessions.start("alice");
    await room.command("PEXPIRE", OWNER, "1000");
    await sessions.start("alice");
    expect(await lifetimeMs(OWNER)).toBeGreaterThan(SESSION_LONGEST_MS - 10_000);
  });
});

describe("ending", () => {
  test("one leaves the others", async () => {
    const [one, two] = [await sessions.start("alice"), await sessions.start("alice")];
    await sessions.end(one);
    expect([await sessions.find(one), await sessions.find(two)]).toEqual([undefined, "alice"]);
    await sessions.end(one);
    await sessions.end("made-up");
    expect(await sessions.endAll("alice")).toBe(1);
  });

  test("all of a person's ends those and nobody else's, without a search", async () => {
    const hers = [await sessions.start("alice"), await sessions.start("alice")];
    const his = await sessions.start("bob");
    await room.command("CONFIG", "RESETSTAT");
    expect(await sessions.endAll("alice")).toBe(2);
    for (const sid of hers) expect(await sessions.find(sid)).toBeUndefined();
    expect(await sessions.find(his)).toBe("bob");
    expect(String(await room.command("INFO", "commandstats"))).not.toMatch(/cmdstat_(?:keys|scan)\b/);
    expect(await sessions.endAll("alice")).toBe(0);
    expect(await sessions.find(await sessions.start("alice"))).toBe("alice");
  });

  test("names are apart, whatever they contain", async () => {
    const [one, two] = [await sessions.start("a:b"), await sessions.start("a%3Ab")];
    await sessions.endAll("a:b");
    expect([await sessions.find(one), await sessions.find(two)]).toEqual([undefined, "a%3Ab"]);
  });

  test("a person has at most twenty: the oldest end", async () => {
    const sids: string[] = [];
    for (let count = 0; count < 22; count += 1) {
      sids.push(await sessions.start("alice"));
      // Each a second older than the next.
      for (const sid of sids) await room.command("ZADD", OWNER, "XX", "INCR", "-1000", keyOf(sid));
    }
    const found = await Promise.all(sids.map((sid) => sessions.find(sid)));
    expect(found).toEqual([undefined, undefined, ...Array.from({ length: 20 }, () => "alice")]);
  });
});

describe("closed", () => {
  test("a session that is on no list is none: a list that was lost ends its sessions", async () => {
    const sid = await sessions.start("alice");
    await room.command("DEL", OWNER);
    expect(await sessions.find(sid)).toBeUndefined();
  });

  test.each([
    ["SET", "{"],
    ["RPUSH", "username", "alice"],
    ["HSET", "username", "alice"],
    ["HSET", "username", "alice", "ends", "9999999999999"],
    ["HSET", "username", "alice", "ends", "soon", "owner", OWNER],
    ["HSET", "username", "alice", "ends", "9999999999999", "owner", "elsewhere"],
    ["HSET", "ends", "9999999999999", "owner", OWNER],
  ])("%s %s %s in a session's place is nobody", async (command, ...words) => {
    const sid = await sessions.start("alice");
    await room.command("DEL", keyOf(sid));
    await room.command(command, keyOf(sid), ...words);
    expect(await sessions.find(sid)).toBeUndefined();
    await sessions.end(sid);
  });

  test("another type in the list's place", async () => {
    const sid = await sessions.start("alice");
    await room.command("DEL", OWNER);
    await room.command("SET", OWNER, "x");
    expect(await sessions.find(sid)).toBeUndefined();
    expect(await sessions.endAll("alice")).toBe(0);
    await room.command("SET", OWNER, "x");
    expect(await sessions.find(await sessions.start("alice"))).toBe("alice");
  });

  test("without Redis nothing is answered, and nobody believed", async () => {
    const sid = await sessions.start("alice");
    const hasty = createSessions(room.hasty);
    await room.server.stop();
    for (const asked of [hasty.find(sid), hasty.start("alice"), hasty.end(sid), hasty.endAll("alice")]) {
      await expect(asked).rejects.toMatchObject({ name: "RedisUnavailable" });
    }
    await room.restart();
    expect(await sessions.find(sid)).toBeUndefined();
  });
});
