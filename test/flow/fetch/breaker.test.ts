// Owns the proof that the breakers find the circuits of a request: a client that makes one path fail stops no other path.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breakers, type Route } from "../../../src/flow/fetch/breaker.ts";
import type { Health } from "../../../src/http/law/origin-health.ts";
import { testClock } from "../../support/clock.ts";

const POLICY = { share: 0.5, requests: 50, windowSeconds: 10, restSeconds: 5 };
const LIMIT_MS = 31_000;

function routeTo(path: string, changes: Partial<Route> = {}): Route {
  const own = { origin: "http://o.test", host: "shop.test", rule: "(default)", isDefaultRule: true };
  return { ...own, path, policy: POLICY, hostPolicy: POLICY, ...changes };
}

function rig() {
  const clock = testClock();
  const all = breakers({ now: clock.now, random: () => 0.5 });
  const admit = (path: string, changes?: Partial<Route>, limitMs: number | undefined = LIMIT_MS) =>
    all.admit(routeTo(path, changes), limitMs);
  /** One request from its beginning to its end; `false` where it was refused. */
  const end = (path: string, health: Health, changes?: Partial<Route>): boolean => {
    const admission = admit(path, changes);
    if (admission.kind === "admitted") admission.report(health);
    return admission.kind === "admitted";
  };
  const times = (count: number, path: (i: number) => string, health: Health, changes?: Partial<Route>): void => {
    for (let i = 0; i < count; i++) end(path(i), health, changes);
  };
  return { clock, all, admit, end, times };
}

const isOpen = (r: ReturnType<typeof rig>, path: string, changes?: Partial<Route>): boolean =>
  r.admit(path, changes).kind === "refused";

const RULE = { rule: "/api/*", isDefaultRule: false };

describe("breakdowns stop", () => {
  it.each<[string, (i: number) => string, Partial<Route>, readonly [string, Partial<Route>, boolean][]]>([
    [
      "one path alone",
      () => "/a/b",
      {},
      [
        ["/a/b", {}, true],
        ["/a/c", {}, false],
        ["/a/b", { host: "other.test" }, false],
        ["/a/b", { origin: "http://other.test" }, false],
      ],
    ],
    [
      "four paths of one segment, each alone",
      (i) => `/a/${String(i % 4)}`,
      {},
      [
        ["/a/0", {}, true],
        ["/a/4", {}, false],
      ],
    ],
    [
      "one segment, where many of its paths do",
      (i) => `/a/${String(i)}`,
      {},
      [
        ["/a/new", {}, true],
        ["/b", {}, false],
        ["/a/new", { host: "other.test" }, false],
      ],
    ],
    [
      "one rule, where many of its segments do",
      (i) => `/${String(i)}/report`,
      RULE,
      [
        ["/new/report", RULE, true],
        ["/new/report", {}, false],
        ["/new/report", { ...RULE, host: "other.test" }, false],
      ],
    ],
    [
      "the host, where many segments without a rule do",
      (i) => `/${String(i)}`,
      {},
      [
        ["/new", {}, true],
        ["/new", RULE, true],
        ["/new", { host: "other.test" }, false],
      ],
    ],
  ])("%s", (_, path, changes, then) => {
    const r = rig();
    r.times(250, path, "broken", changes);
    for (const [asked, where, expected] of then) expect([asked, isOpen(r, asked, where)]).toEqual([asked, expected]);
  });

  it("the host, where several rules do", () => {
    const r = rig();
    for (let i = 0; i < 50; i++) r.end(`/api/${String(i)}`, "broken", { ...RULE, rule: `/r${String(i % 3)}/*` });
    expect(isOpen(r, "/new")).toBe(true);
  });
});

describe("a circuit that is open stops", () => {
  it("no path that works, until that breaks down itself", () => {
    const r = rig();
    r.end("/a/good", "answered");
    r.times(60, (i) => `/a/${String(i)}`, "broken");
    expect(isOpen(r, "/a/new")).toBe(true);
    expect(r.end("/a/good", "broken")).toBe(true);
    expect(isOpen(r, "/a/good")).toBe(true);
  });

  it("no path without a breaker, whose requests do not count either", () => {
    const r = rig();
    const none = { policy: undefined };
    r.times(100, (i) => `/${String(i)}`, "broken", none);
    expect(isOpen(r, "/0")).toBe(false);
    r.times(100, (i) => `/${String(i)}`, "broken");
    expect([isOpen(r, "/new", none), isOpen(r, "/new")]).toEqual([false, true]);
  });

  it("requests that may not probe, even when the rest is over", () => {
    const r = rig();
    r.times(60, () => "/a", "broken");
    r.clock.advance(5);
    expect(r.all.admit(routeTo("/a"), undefined)).toEqual({ kind: "refused", retryAfterSeconds: 1 });
    expect(r.admit("/a")).toMatchObject({ kind: "admitted", isProbe: true });
  });

  it("no unsafe request; its answer closes the groups, its breakdown opens none", () => {
    const r = rig();
    for (let i = 0; i < 100; i++) r.all.follow(routeTo(`/${String(i)}`))("broken");
    expect(isOpen(r, "/0")).toBe(false);
    r.times(60, (i) => `/${String(i)}`, "broken");
    r.all.follow(routeTo("/form"))("answered");
    expect(isOpen(r, "/new")).toBe(false);
  });
});

it("one probe is that of every circuit whose rest is over", () => {
  const r = rig();
  r.times(60, (i) => `/${String(i)}`, "broken");
  r.clock.advance(5);
  const probe = r.admit("/x");
  expect(probe).toMatchObject({ kind: "admitted", isProbe: true });
  expect(isOpen(r, "/y")).toBe(true);
  if (probe.kind === "admitted") probe.report("silent");
  const next = r.admit("/y");
  expect(next).toMatchObject({ kind: "admitted", isProbe: true });
  if (next.kind === "admitted") next.report("answered");
  expect(r.admit("/z")).toMatchObject({ kind: "admitted", isProbe: false });
});

it("the breakers remember a bounded number of paths: broken ones displace none that works", () => {
  const r = rig();
  r.end("/a/good", "answered");
  // each in a segment of its own, and none of them stopped
  for (let i = 0; i < 2000; i++) r.end(`/s${String(i)}/x`, "broken", { hostPolicy: undefined, rule: `r${String(i)}` });
  r.times(60, (i) => `/a/${String(i)}`, "broken");
  expect([isOpen(r, "/a/new"), isOpen(r, "/a/good")]).toEqual([true, false]);
});

const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 0, max: 90 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      count: fc.integer({ min: 1, max: 80 }),
      segments: fc.integer({ min: 1, max: 5 }),
      health: fc.constantFrom<Health>("broken", "broken", "silent"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("good" as const) }) },
);

describe("whatever paths an attacker requests", () => {
  it("a path that always answers is never stopped after its first answer", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const r = rig();
        r.end("/s0/good", "answered");
        let invented = 0;
        for (const each of steps) {
          if (each.kind === "wait") r.clock.advance(each.seconds);
          else if (each.kind === "good") expect(r.end("/s0/good", "answered")).toBe(true);
          else {
            const path = () => `/s${String(invented++ % each.segments)}/${String(invented)}`;
            r.times(each.count, path, each.health);
          }
        }
        expect(r.end("/s0/good", "answered")).toBe(true);
      }),
    );
  });

  it("no circuit opens where nothing breaks down", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Health>("answered", "silent"), { maxLength: 300 }), (ends) => {
        const r = rig();
        for (const [i, health] of ends.entries()) expect(r.end(`/${String(i % 7)}`, health)).toBe(true);
      }),
    );
  });

  it("a path that recovers is probed within two rests, and stops no request any more", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const r = rig();
        for (const each of steps) {
          if (each.kind === "wait") r.clock.advance(each.seconds);
          if (each.kind === "ask")
            r.times(each.count, (i) => `/s${String(i % each.segments)}/${String(i)}`, each.health);
        }
        r.clock.advance(150);
        for (const path of ["/s0/0", "/s1/new", "/other"]) expect(r.end(path, "answered")).toBe(true);
      }),
    );
  });
});
