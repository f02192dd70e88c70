// Owns the proof that flights whose leaders are gone take no room, and that their stored responses are found all the same.
import { describe, expect, it } from "vitest";
import { type Follower, flights, type Leader } from "../../../src/flow/collapse/flights.ts";
import { testClock } from "../../support/clock.ts";
import { keyOf } from "../../support/stored.ts";

const KEY = keyOf("/a");

function endOf(joined: Leader | Follower): Leader["end"] {
  if (joined.role !== "leader") throw new Error("another request leads already");
  return joined.end;
}

describe("a flight that does not end", () => {
  it("is forgotten after 30 s, whoever joins next", () => {
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

  it("still counts as stored, if it ends so later", async () => {
    const clock = testClock();
    const all = flights(clock.now);
    const lookedUpAt = all.moment();
    const end = endOf(all.join(KEY, lookedUpAt));
    clock.advance(30);
    all.join(keyOf("/b"), lookedUpAt);
    end({ kind: "stored" });
    const next = all.join(KEY, lookedUpAt);
    expect(next.role === "follower" && (await next.ended)).toEqual({ kind: "stored" });
  });

  it("ends once", () => {
    const all = flights(testClock().now);
    const end = endOf(all.join(KEY, all.moment()));
    end({ kind: "unshared" });
    const lookedUpAt = all.moment();
    end({ kind: "stored" });
    expect(all.join(KEY, lookedUpAt).role).toBe("leader");
  });

  it("but stalls lets another request lead, and may still end as stored", async () => {
    const all = flights(testClock().now);
    const stalled = endOf(all.join(KEY, all.moment()));
    const waiting = all.join(KEY, all.moment());
    stalled({ kind: "stalled" });
    expect(waiting.role === "follower" && (await waiting.ended)).toEqual({ kind: "stalled" });
    const lookedUpAt = all.moment();
    const next = all.join(KEY, lookedUpAt);
    expect(next.role).toBe("leader");
    // the flight of the present leader goes on
    stalled({ kind: "stored" });
    expect([all.underWay(), all.join(KEY, lookedUpAt).role]).toEqual([1, "follower"]);
    endOf(next)({ kind: "unshared" });
    const found = all.join(KEY, lookedUpAt);
    expect(found.role === "follower" && (await found.ended)).toEqual({ kind: "stored" });
  });
});
