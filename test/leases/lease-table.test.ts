// Owns the proof that a key has at most one unexpired holder, that everybody who waits is freed in time, and that what comes late changes nothing.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LeaseEnding } from "../../src/leases/lease-keeper.ts";
import { type LeaseLimits, type LeaseTable, leaseTable, type Timing } from "../../src/leases/lease-table.ts";
import { turns } from "../support/barrier.ts";

const LIMITS: LeaseLimits = { leaseMs: 30_000, waitMs: 10_000, leases: 100, waiters: 100 };

interface Hand extends Timing {
  /** Moves the clock on and calls what is due, in its order. */
  advance(ms: number): void;
  pending(): number;
}

function handTiming(): Hand {
  let nowMs = 1_000_000;
  const due = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  return {
    now: () => nowMs,
    timeout(ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = { atMs: nowMs + ms, callback: resolve };
      due.add(timer);
      return { passed: promise, cancel: () => void due.delete(timer) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...due].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        due.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.callback();
      }
      nowMs = untilMs;
    },
    pending: () => due.size,
  };
}

function table(limits: Partial<LeaseLimits> = {}): { readonly leases: LeaseTable; readonly time: Hand } {
  const time = handTiming();
  return { leases: leaseTable(time, { ...LIMITS, ...limits }), time };
}

describe("a lease", () => {
  it("is granted to one, until it expires", () => {
    const { leases, time } = table();
    expect(leases.take("k", "a", 0)).toEqual({ kind: "granted" });
    expect(leases.take("k", "b", 0)).toEqual({ kind: "held", holder: "a" });
    expect(leases.take("other", "b", 0)).toEqual({ kind: "granted" });
    time.advance(29_999);
    expect(leases.take("k", "b", 0)).toEqual({ kind: "held", holder: "a" });
    time.advance(1);
    expect(leases.take("k", "b", 0)).toEqual({ kind: "granted" });
  });

  it.each<LeaseEnding>(["stored", "unshared", "failed"])("tells those who wait how it ended: %s", async (ending) => {
    const { leases, time } = table();
    leases.take("k", "a", 0);
    const waiters = [leases.ended("k", "a", 10_000), leases.ended("k", "a", 10_000)];
    expect(leases.release("k", "a", ending)).toBe(true);
    expect(await Promise.all(waiters)).toEqual([ending, ending]);
    expect(await leases.ended("k", "a", 10_000)).toBe(ending);
    await turns();
    expect(time.pending()).toBe(0);
  });

  it("that ended after somebody had looked sends them to look again; one that ended before does not", async () => {
    const { leases, time } = table();
    leases.take("k", "a", 0);
    leases.release("k", "a", "stored");
    time.advance(20);
    expect(leases.take("k", "b", 21)).toEqual({ kind: "held", holder: "a" });
    expect(await leases.ended("k", "a", 10_000)).toBe("stored");
    expect(leases.take("k", "b", 19)).toEqual({ kind: "granted" });
  });

  it.each([
    ["at its expiry", 10_000, 25_000, 5_000],
    ["after what they can wait", 2_000, 0, 2_000],
    ["after the longest wait there is", 60_000, 0, 10_000],
  ])("of a holder that is gone frees those who wait: %s", async (_, withinMs, elapsedMs, freedAfterMs) => {
    const { leases, time } = table();
    leases.take("k", "a", 0);
    time.advance(elapsedMs);
    let ending: LeaseEnding | undefined;
    void leases.ended("k", "a", withinMs).then((it) => (ending = it));
    time.advance(freedAfterMs - 1);
    await turns();
    expect(ending).toBeUndefined();
    time.advance(1);
    await turns();
    expect(ending).toBe("expired");
  });

  it("that expired is not released any more: its successor's stays", async () => {
    const { leases, time } = table();
    leases.take("k", "a", 0);
    time.advance(30_000);
    expect(leases.release("k", "a", "stored")).toBe(false);
    leases.take("k", "b", 0);
    const waiter = leases.ended("k", "b", 10_000);
    expect(leases.release("k", "a", "failed")).toBe(false);
    expect(leases.take("k", "c", 0)).toEqual({ kind: "held", holder: "b" });
    leases.release("k", "b", "stored");
    expect(await waiter).toBe("stored");
    expect(await leases.ended("k", "a", 10_000)).toBe("expired");
  });

  it("is released once", async () => {
    const { leases } = table();
    leases.take("k", "a", 0);
    expect([leases.release("k", "a", "stored"), leases.release("k", "a", "failed")]).toEqual([true, false]);
    expect(await leases.ended("k", "a", 10_000)).toBe("stored");
  });

  it("is not granted beyond the bound, until others expire; nobody waits beyond the other", async () => {
    const { leases, time } = table({ leases: 2, waiters: 1 });
    leases.take("a", "1", 0);
    leases.take("b", "2", 0);
    expect(leases.take("c", "3", 0)).toEqual({ kind: "full" });
    expect(leases.take("a", "3", 0)).toEqual({ kind: "held", holder: "1" });
    const waiter = leases.ended("a", "1", 10_000);
    expect(await leases.ended("a", "1", 10_000)).toBe("expired");
    time.advance(30_000);
    expect(await waiter).toBe("expired");
    expect(leases.take("c", "3", 0)).toEqual({ kind: "granted" });
  });
});

const key = fc.constantFrom("k", "l", "m");
// mostly the one there is
const holder = fc.option(fc.nat({ max: 9 }).map(String), { nil: undefined, freq: 2 });
const step = fc.oneof(
  fc.record({ do: fc.constant("take" as const), key, lookedAgoMs: fc.nat({ max: 5_000 }) }),
  fc.record({ do: fc.constant("wait" as const), key, holder, withinMs: fc.nat({ max: 20_000 }) }),
  fc.record({
    do: fc.constant("release" as const),
    key,
    holder,
    ending: fc.constantFrom<LeaseEnding>("stored", "unshared", "failed"),
  }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.nat({ max: 20_000 }) }),
);

describe("for any events in any order", () => {
  it("a key has one unexpired holder at most, only its own release ends its lease, and everybody is freed in time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, isTight) => {
        const { leases, time } = table(isTight ? { leases: 2, waiters: 2 } : {});
        // the invariant, by grants and releases alone
        const active = new Map<string, { readonly holder: string; readonly expiresAtMs: number }>();
        const holds = (key: string): string | undefined => {
          const lease = active.get(key);
          return lease && lease.expiresAtMs > time.now() ? lease.holder : undefined;
        };
        const ended = new Map<string, number>();
        const waits: { readonly byMs: number; freedAtMs: number | undefined }[] = [];
        let taker = 0;
        for (const s of steps) {
          if (s.do === "take") {
            // ten names in turn, so that some come back late
            const holder = String(taker++ % 10);
            const held = holds(s.key);
            const taken = leases.take(s.key, holder, s.lookedAgoMs);
            if (held !== undefined) expect(taken).toEqual({ kind: "held", holder: held });
            else if (taken.kind === "held") expect(ended.get(s.key)).toBeGreaterThanOrEqual(time.now() - s.lookedAgoMs);
            if (taken.kind === "granted") active.set(s.key, { holder, expiresAtMs: time.now() + LIMITS.leaseMs });
          } else if (s.do === "release") {
            const holder = s.holder ?? active.get(s.key)?.holder ?? "nobody";
            const isOwn = holds(s.key) === holder;
            expect(leases.release(s.key, holder, s.ending)).toBe(isOwn);
            if (isOwn) {
              active.delete(s.key);
              ended.set(s.key, time.now());
            }
          } else if (s.do === "wait") {
            const held = active.get(s.key);
            const holder = s.holder ?? held?.holder ?? "nobody";
            const boundMs = Math.min(s.withinMs, LIMITS.waitMs);
            const isHeld = holds(s.key) === holder && held !== undefined;
            const byMs = isHeld ? Math.min(time.now() + boundMs, held.expiresAtMs) : time.now();
            const wait: (typeof waits)[number] = { byMs, freedAtMs: undefined };
            waits.push(wait);
            void leases.ended(s.key, holder, s.withinMs).then(() => (wait.freedAtMs = time.now()));
          } else {
            // in steps as small as its parts, so that the time of each freeing is seen
            for (let left = s.ms; left > 0; left -= 500) {
              time.advance(Math.min(left, 500));
              await turns(5);
            }
          }
          await turns(5);
        }
        for (let i = 0; i < 25; i++) {
          time.advance(500);
          await turns(5);
        }
        for (const { byMs, freedAtMs } of waits) expect(freedAtMs).toBeLessThanOrEqual(byMs + 500);
        expect(time.pending()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
