// Owns the proof that flights whose leaders are gone take no room, and that what they stored is found all the same.
import { describe, expect, it } from "vitest";
import { type JoinedFlight, flights } from "../../../src/flow/collapse/flights.ts";
import { testClock } from "../../support/clock.ts";
import { keyOf } from "../../support/stored.ts";

const KEY = keyOf("/a");

function landOf(boarded: JoinedFlight) {
  if (boarded.role !== "leader") throw new Error("somebody leads already");
  return boarded.land;
}

describe("a flight that does not land", () => {
  it("is forgotten after 30 s, whoever boards next", () => {
    const clock = testClock();
    const all = flights(clock.now);
    for (let i = 0; i < 1000; i++) all.join(keyOf(`/${String(i)}`), all.moment());
    clock.advance(20);
    all.join(KEY, all.moment());
    expect(all.underWay()).toBe(1001);
    clock.advance(10);
    all.join(keyOf("/b"), all.moment());
    expect(all.underWay()).toBe(2);
    expect(all.join(KEY, all.moment()).role).toBe("follower");
  });

  it("for so long has stored something all the same, if it lands then", async () => {
    const clock = testClock();
    const all = flights(clock.now);
    const lookedAt = all.moment();
    const land = landOf(all.join(KEY, lookedAt));
    clock.advance(30);
    all.join(keyOf("/b"), lookedAt);
    land({ kind: "stored" });
    const next = all.join(KEY, lookedAt);
    expect(next.role === "follower" && (await next.landed)).toEqual({ kind: "stored" });
  });

  it("lands once", () => {
    const all = flights(testClock().now);
    const land = landOf(all.join(KEY, all.moment()));
    land({ kind: "unshared" });
    const lookedAt = all.moment();
    land({ kind: "stored" });
    expect(all.join(KEY, lookedAt).role).toBe("leader");
  });

  it("and that stalled lets another lead, and may store all the same", async () => {
    const all = flights(testClock().now);
    const stalled = landOf(all.join(KEY, all.moment()));
    const waiting = all.join(KEY, all.moment());
    stalled({ kind: "stalled" });
    expect(waiting.role === "follower" && (await waiting.landed)).toEqual({ kind: "stalled" });
    const lookedAt = all.moment();
    const next = all.join(KEY, lookedAt);
    expect(next.role).toBe("leader");
    // the one that leads now is not taken off by it
    stalled({ kind: "stored" });
    expect([all.underWay(), all.join(KEY, lookedAt).role]).toEqual([1, "follower"]);
    landOf(next)({ kind: "unshared" });
    const found = all.join(KEY, lookedAt);
    expect(found.role === "follower" && (await found.landed)).toEqual({ kind: "stored" });
  });
});
