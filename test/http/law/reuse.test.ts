// Owns the proof of the first question: when a stored response answers, and when it does not.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PurgeState, reuse, type ReusePolicy } from "../../../src/http/law/reuse.ts";
import { ageSeconds, remainingSeconds, type Stored } from "../../../src/http/law/stored.ts";
import { type Fields, HONOUR, IGNORE, NOW, requestOf, storedOf } from "../support.ts";

const CLEAR: PurgeState = { state: "clear" };
const CC = "cache-control";

interface Case {
  readonly asked?: Fields;
  readonly held?: Partial<Stored>;
  readonly purge?: PurgeState;
  readonly policy?: ReusePolicy;
  /** Seconds since the response was stored. */
  readonly after?: number;
}

function decided({ asked, held, purge = CLEAR, policy = HONOUR, after = 0 }: Case) {
  return reuse(requestOf(asked), storedOf(held), purge, policy, NOW + after * 1000);
}

function said(each: Case): string {
  const { verdict, reason } = decided(each);
  return `${verdict}: ${reason}`;
}

const FRESH = "fresh: fresh";
const STALE = "revalidate: stale";
const SWR = "stale-while-revalidate: stale-while-revalidate";

describe("without a stored response", () => {
  it.each(["uri-miss", "vary-miss"] as const)("RFC 9111 4: %s is fetched", (absence) => {
    expect(reuse(requestOf(), absence, CLEAR, HONOUR, NOW)).toEqual({
      verdict: "fetch",
      reason: absence,
      clientConditionals: false,
    });
  });

  it.each([
    ["Authorization", { Authorization: "x" }, true],
    ["a session", { Cookie: "sid=1" }, true],
    ["another cookie", { Cookie: "a=1" }, false],
  ])("RFC 9111 4.3.1: the client's conditionals go on only where the answer is its own: %s", (_, asked, goes) => {
    expect(reuse(requestOf(asked), "uri-miss", CLEAR, HONOUR, NOW)).toMatchObject({ clientConditionals: goes });
  });

  it.each([HONOUR, IGNORE])("RFC 9111 5.2.1.7: only-if-cached is not fetched (%j)", (policy) => {
    const verdict = reuse(requestOf({ [CC]: "only-if-cached" }), "uri-miss", CLEAR, policy, NOW);
    expect(verdict).toEqual({ verdict: "unsatisfiable", reason: "only-if-cached" });
  });
});

describe("freshness", () => {
  it.each<[string, Case, string]>([
    ["4.2: fresh", {}, FRESH],
    ["4.2: until the last moment", { after: 59.999 }, FRESH],
    ["4.2: stale when age reaches lifetime", { after: 60 }, STALE],
    ["4.2: stale afterwards", { after: 61 }, STALE],
    ["4.2.3: the initial age counts", { held: { initialAgeSeconds: 50 }, after: 10 }, STALE],
    ["4.2: stale on arrival", { held: { lifetimeSeconds: 0 } }, STALE],
    ["5.2.2.4: no-cache is always validated", { held: { alwaysValidate: true } }, "revalidate: no-cache"],
    [
      "5.2.2.4: no-cache within every window",
      { held: { alwaysValidate: true, staleWhileRevalidateSeconds: 99 }, after: 61 },
      "revalidate: no-cache",
    ],
  ])("RFC 9111 %s", (_, each, verdict) => {
    expect(said(each)).toBe(verdict);
  });
});

describe("stale windows", () => {
  const held = { staleWhileRevalidateSeconds: 30, staleIfErrorSeconds: 90 };
  it.each<[string, Case, string]>([
    ["RFC 5861 3: not needed while fresh", { held, after: 59 }, FRESH],
    ["RFC 5861 3: from the moment of expiry", { held, after: 60 }, SWR],
    ["RFC 5861 3: to its end", { held, after: 89.999 }, SWR],
    ["RFC 5861 3: not at its end", { held, after: 90 }, STALE],
    ["RFC 5861 3: counted from expiry, also on arrival", { held: { ...held, initialAgeSeconds: 80 }, after: 9 }, SWR],
    ["RFC 5861 3: over on arrival", { held: { ...held, initialAgeSeconds: 90 } }, STALE],
    ["RFC 5861 4: stale-if-error alone serves nothing", { held: { staleIfErrorSeconds: 90 }, after: 61 }, STALE],
    [
      "RFC 9111 5.2.1.1: a client with max-age wants no stale one",
      { held, after: 61, asked: { [CC]: "max-age=99" } },
      STALE,
    ],
    ["RFC 9111 5.2.1.3: nor one with min-fresh", { held, after: 61, asked: { [CC]: "min-fresh=0" } }, STALE],
    ["a rule may ignore both", { held, after: 61, asked: { [CC]: "max-age=99" }, policy: IGNORE }, SWR],
    [
      "RFC 9111 5.2.1.7: only-if-cached is content with it",
      { held, after: 61, asked: { [CC]: "only-if-cached" } },
      SWR,
    ],
  ])("%s", (_, each, verdict) => {
    expect(said(each)).toBe(verdict);
  });
});

describe("directives of clients", () => {
  const aged = { initialAgeSeconds: 10 };
  it.each<[string, string, Case, string]>([
    ["5.2.1.4", "no-cache", {}, "revalidate: request-no-cache"],
    ["5.2.1.4", "NO-CACHE", {}, "revalidate: request-no-cache"],
    ["5.2.1.1", "max-age=10", { held: aged }, FRESH],
    ["5.2.1.1", "max-age=9", { held: aged }, "revalidate: request-max-age"],
    ["5.2.1.1", "max-age=0", { held: aged }, "revalidate: request-max-age"],
    ["5.2.1.1", "max-age=0", { after: 0.5 }, "revalidate: request-max-age"],
    ["5.2.1.1", "max-age=x", { held: aged }, "revalidate: request-max-age"],
    ["5.2.1.3", "min-fresh=50", { held: aged }, FRESH],
    ["5.2.1.3", "min-fresh=51", { held: aged }, "revalidate: request-max-age"],
    ["5.2.1.3", "min-fresh=x", {}, "revalidate: request-max-age"],
    ["5.2.1.2", "max-stale=10", { after: 70 }, "fresh: max-stale"],
    ["5.2.1.2", "max-stale=10", { after: 71 }, STALE],
    ["5.2.1.2", "max-stale", { after: 9999 }, "fresh: max-stale"],
    ["5.2.1.2", "max-stale=x", { after: 61 }, STALE],
    ["5.2.1.2", "max-stale=10", { after: 10 }, FRESH],
    ["4.2.4", "max-stale", { held: { staleAllowed: false }, after: 61 }, STALE],
    ["5.2.2.4", "max-stale", { held: { alwaysValidate: true }, after: 61 }, "revalidate: no-cache"],
    ["5.2.1.2", "max-stale, no-cache", { after: 61 }, "revalidate: request-no-cache"],
    ["5.2.1.5", "no-store", {}, FRESH],
    ["5.2.1.7", "only-if-cached", {}, FRESH],
    ["5.2.1.7", "only-if-cached", { after: 61 }, "unsatisfiable: only-if-cached"],
    ["5.2.1.7", "only-if-cached, max-stale=10", { after: 61 }, "fresh: max-stale"],
    ["5.2.1.7", "only-if-cached, no-cache", {}, "unsatisfiable: only-if-cached"],
    ["5.2.1.7", "only-if-cached, max-age=0", { held: aged }, "unsatisfiable: only-if-cached"],
  ])("RFC 9111 %s: %s", (_, value, each, verdict) => {
    expect(said({ ...each, asked: { [CC]: value } })).toBe(verdict);
  });

  it("RFC 9111 5.4: Pragma: no-cache", () => {
    expect(said({ asked: { Pragma: "no-cache" } })).toBe("revalidate: request-no-cache");
  });

  it.each(["no-cache", "max-age=0", "min-fresh=9999", "max-stale"])("a rule may ignore %s", (value) => {
    expect(said({ asked: { [CC]: value }, held: aged, policy: IGNORE })).toBe(FRESH);
    expect(said({ asked: { [CC]: value }, after: 61, policy: IGNORE })).toBe(STALE);
  });
});

describe("authenticated requests", () => {
  const AUTHORIZATION = { Authorization: "x" };
  const SESSION = { Cookie: "sid=1" };

  it.each<[string, Case, string]>([
    ["RFC 9111 3.5: not marked", { asked: AUTHORIZATION }, "fetch: authorization"],
    ["RFC 9111 3.5: marked", { asked: AUTHORIZATION, held: { forAuthorization: true } }, FRESH],
    [
      "RFC 9111 3.5: marked for sessions only",
      { asked: AUTHORIZATION, held: { forSession: true } },
      "fetch: authorization",
    ],
    ["a session, not marked", { asked: SESSION }, "fetch: session-cookie"],
    ["a session, marked", { asked: SESSION, held: { forSession: true } }, FRESH],
    [
      "a session, marked for Authorization only",
      { asked: SESSION, held: { forAuthorization: true } },
      "fetch: session-cookie",
    ],
    [
      "both, one mark",
      { asked: { ...AUTHORIZATION, ...SESSION }, held: { forAuthorization: true } },
      "fetch: session-cookie",
    ],
    [
      "both, both marks",
      { asked: { ...AUTHORIZATION, ...SESSION }, held: { forAuthorization: true, forSession: true } },
      FRESH,
    ],
    [
      "not marked, not even stale",
      { asked: AUTHORIZATION, held: { staleWhileRevalidateSeconds: 99 }, after: 61 },
      "fetch: authorization",
    ],
    ["not marked, nor its validators", { asked: SESSION, held: { etag: '"a"' }, after: 61 }, "fetch: session-cookie"],
  ])("%s", (_, each, verdict) => {
    expect(said(each)).toBe(verdict);
  });
});

describe("purges", () => {
  const swr = { staleWhileRevalidateSeconds: 30 };
  const since = (seconds: number): PurgeState => ({ state: "stale", sinceMs: NOW + seconds * 1000 });

  it.each<[string, Case, string]>([
    ["hard", { purge: { state: "gone", reason: "purged" } }, "fetch: purged"],
    ["another incarnation", { purge: { state: "gone", reason: "purge-log-changed" } }, "fetch: purge-log-changed"],
    ["hard, within a window", { purge: { state: "gone", reason: "purged" }, held: swr, after: 61 }, "fetch: purged"],
    [
      "hard, despite max-stale",
      { purge: { state: "gone", reason: "purged" }, asked: { [CC]: "max-stale" } },
      "fetch: purged",
    ],
    [
      "hard, before no-cache",
      { purge: { state: "gone", reason: "purged" }, held: { alwaysValidate: true } },
      "fetch: purged",
    ],
    ["soft twice", { purge: { state: "validate" } }, "revalidate: soft-purged"],
    ["soft twice, within a window", { purge: { state: "validate" }, held: swr, after: 61 }, "revalidate: soft-purged"],
    [
      "soft twice, despite max-stale",
      { purge: { state: "validate" }, asked: { [CC]: "max-stale" } },
      "revalidate: soft-purged",
    ],
    [
      "soft twice, only-if-cached",
      { purge: { state: "validate" }, asked: { [CC]: "only-if-cached" } },
      "unsatisfiable: only-if-cached",
    ],
    ["unknown", { purge: { state: "unknown" } }, "revalidate: purge-unknown"],
    ["unknown, within a window", { purge: { state: "unknown" }, held: swr, after: 61 }, "revalidate: purge-unknown"],
    [
      "unknown, despite max-stale",
      { purge: { state: "unknown" }, asked: { [CC]: "max-stale" } },
      "revalidate: purge-unknown",
    ],
    ["soft: stale at once", { purge: since(0) }, STALE],
    ["soft: its window begins", { purge: since(0), held: swr }, SWR],
    ["soft: its window counts from the purge", { purge: since(0), held: swr, after: 29.9 }, SWR],
    ["soft: and ends", { purge: since(0), held: swr, after: 30 }, STALE],
    ["soft: after expiry it extends nothing", { purge: since(80), held: swr, after: 90 }, STALE],
    ["soft: before expiry it is not extended by expiry", { purge: since(10), held: swr, after: 61 }, STALE],
    ["soft: max-stale counts from the purge", { purge: since(0), asked: { [CC]: "max-stale=5" }, after: 6 }, STALE],
    ["soft: max-stale accepts it", { purge: since(0), asked: { [CC]: "max-stale=5" }, after: 5 }, "fresh: max-stale"],
    ["soft: where stale is forbidden", { purge: since(0), held: { staleAllowed: false } }, STALE],
    ["soft: even when the log's clock is ahead", { purge: since(5) }, STALE],
    ["soft: even then its window begins", { purge: since(5), held: swr }, SWR],
  ])("%s", (_, each, verdict) => {
    expect(said(each)).toBe(verdict);
  });
});

describe("properties", () => {
  const seconds = fc.integer({ min: 0, max: 200 });
  const held = fc.record({
    lifetimeSeconds: seconds,
    initialAgeSeconds: seconds,
    staleWhileRevalidateSeconds: seconds,
    staleIfErrorSeconds: seconds,
    staleAllowed: fc.boolean(),
    alwaysValidate: fc.boolean(),
    forAuthorization: fc.boolean(),
    forSession: fc.boolean(),
  });
  const directive = fc.constantFrom(
    "no-cache",
    "no-store",
    "max-stale",
    "max-stale=50",
    "max-age=50",
    "min-fresh=5",
    "only-if-cached",
  );
  const asked = fc
    .record({ directives: fc.array(directive, { maxLength: 3 }), auth: fc.boolean(), session: fc.boolean() })
    .map(({ directives, auth, session }): Fields => [
      ...(directives.length > 0 ? [[CC, directives.join(", ")] as const] : []),
      ...(auth ? [["authorization", "x"] as const] : []),
      ...(session ? [["cookie", "sid=1"] as const] : []),
    ]);
  const purge: fc.Arbitrary<PurgeState> = fc.oneof(
    fc.constant(CLEAR),
    fc.constantFrom<PurgeState>(
      { state: "gone", reason: "purged" },
      { state: "gone", reason: "purge-log-changed" },
      { state: "validate" },
      { state: "unknown" },
    ),
    seconds.map((later): PurgeState => ({ state: "stale", sinceMs: NOW + later * 1000 })),
  );
  const cases: fc.Arbitrary<Required<Case>> = fc.record({
    asked,
    held,
    purge,
    policy: fc.constantFrom(HONOUR, IGNORE),
    after: seconds,
  });
  const answers = (verdict: string): boolean => verdict === "fresh" || verdict === "stale-while-revalidate";

  it("never answers, nor validates, with what was purged hard", () => {
    fc.assert(
      fc.property(cases, (each) => {
        const { verdict } = decided({ ...each, purge: { state: "gone", reason: "purged" } });
        expect(["fetch", "unsatisfiable"]).toContain(verdict);
      }),
    );
  });

  it("never answers before validation where a purge or no-cache demands it", () => {
    fc.assert(
      fc.property(cases, (each) => {
        if (!answers(decided(each).verdict)) return;
        expect(["clear", "stale"]).toContain(each.purge.state);
        expect(each.held.alwaysValidate).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("RFC 9111 3.5: never uses, for an authenticated request, what is not marked for it", () => {
    fc.assert(
      fc.property(cases, (each) => {
        const request = requestOf(each.asked);
        const allowed =
          (!request.hasAuthorization || each.held.forAuthorization === true) &&
          (!request.hasSession || each.held.forSession === true);
        if (!allowed) expect(["fetch", "unsatisfiable"]).toContain(decided(each).verdict);
      }),
      { numRuns: 1000 },
    );
  });

  it("RFC 9111 4.2.4: stale answers stay inside a window the response or the client gave", () => {
    fc.assert(
      fc.property(cases, (each) => {
        const { verdict, reason } = decided(each);
        if (!answers(verdict)) return;
        const stored = storedOf(each.held);
        const nowMs = NOW + each.after * 1000;
        const purged = each.purge.state === "stale" ? Math.max(0, (nowMs - each.purge.sinceMs) / 1000) : -1;
        const stale = Math.max(-remainingSeconds(stored, nowMs), purged);
        if (verdict === "stale-while-revalidate") expect(stale).toBeLessThan(stored.staleWhileRevalidateSeconds);
        else if (reason === "max-stale") expect(stored.staleAllowed && each.policy.honourClient).toBe(true);
        else expect(stale).toBeLessThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("RFC 9111 4.2: once stale it never becomes fresh again", () => {
    const rank = (verdict: string): number => (verdict === "fresh" ? 2 : verdict === "stale-while-revalidate" ? 1 : 0);
    fc.assert(
      fc.property(cases, seconds, (each, later) => {
        const plain = { ...each, purge: CLEAR };
        const second = decided({ ...plain, after: each.after + later });
        expect(rank(second.verdict)).toBeLessThanOrEqual(rank(decided(plain).verdict));
        expect(ageSeconds(storedOf(each.held), NOW + each.after * 1000)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  it("RFC 9111 5.2.1.7: only-if-cached never reaches the origin", () => {
    fc.assert(
      fc.property(cases, (each) => {
        const { verdict } = decided({ ...each, asked: { [CC]: "only-if-cached" } });
        expect(answers(verdict) || verdict === "unsatisfiable").toBe(true);
      }),
    );
  });

  it("no client makes a rule that ignores it go to the origin", () => {
    fc.assert(
      fc.property(cases, fc.array(directive), (each, directives) => {
        const allowed = directives.filter((name) => name !== "only-if-cached");
        const plain = { ...each, asked: {}, policy: IGNORE };
        expect(said({ ...plain, asked: { [CC]: allowed.join(", ") } })).toBe(said(plain));
      }),
    );
  });
});
