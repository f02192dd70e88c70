// Owns the property that nothing forbidden is kept or reused, and that what nothing forbids is, through any chain of answers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderPairs } from "../../src/http/message/fields.ts";
import { reuse } from "../../src/http/law/reuse.ts";
import { settle } from "../../src/http/law/settle.ts";
import type { Stored } from "../../src/http/law/stored.ts";
import { GOVERNING } from "../../src/http/message/targeted.ts";
import { fateOfStored } from "./fate.ts";
import { cacheControl, type Directive, targeted, type Written, written } from "./sections.ts";
import { askedOf, type Fields, HONOUR, NOW, POLICY, requestOf, responseOf, storedFrom } from "./support.ts";

/** An answer's fields that may govern it; where a field is absent, a validated response keeps its own. */
interface Says {
  readonly cloudflare: Written | undefined;
  readonly cdn: Written | undefined;
  readonly surrogate: Written | undefined;
  readonly plain: Written | undefined;
}

const FIELDS = {
  cloudflare: "cloudflare-cdn-cache-control",
  cdn: "cdn-cache-control",
  surrogate: "surrogate-control",
  plain: "cache-control",
} as const;

const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 6 });
const says: fc.Arbitrary<Says> = fc.record({
  cloudflare: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: targeted }),
  cdn: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: targeted }),
  surrogate: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: cacheControl }),
  plain: sometimes(cacheControl),
});

/** RFC 9213 2.2: the first that says anything to a cache governs. */
function governs({ cloudflare, cdn, surrogate, plain }: Says): readonly Directive[] {
  const speaks = (field: Says["cdn"]): boolean => field?.means.some(({ name }) => GOVERNING.includes(name)) ?? false;
  return [cloudflare, cdn, surrogate].find(speaks)?.means ?? plain?.means ?? [];
}

function pairsOf(answer: Says, extra: HeaderPairs): HeaderPairs {
  const lines = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).flatMap((name) =>
    (answer[name]?.lines ?? []).map((line) => [FIELDS[name], line] as const),
  );
  return [...lines, ...extra];
}

const UNDERSTOOD = new Set([200, 301, 404]);

/** RFC 9111 3 and 3.5, said of what was meant: why an answer to this client is not for all. */
function forbidden(means: readonly Directive[], status: number, hasCookie: boolean, asked: Fields): boolean {
  const has = (name: string) => means.some((directive) => directive.name === name);
  const secret = means.filter(({ name }) => name === "private");
  const onlyCookie = secret.length > 0 && secret.every(({ argument }) => argument === "set-cookie");
  if (has("must-understand") ? !UNDERSTOOD.has(status) : has("no-store")) return true;
  if (secret.length > 0 && !onlyCookie) return true;
  if (hasCookie && !onlyCookie) return true;
  const open = has("public") || has("s-maxage");
  if ("cookie" in asked && asked["cookie"] === "sid=1" && !open) return true;
  return "authorization" in asked && !open && !has("must-revalidate");
}

const client = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  {},
  {},
  { authorization: "x" },
  { cookie: "sid=1" },
  { cookie: "a=1" },
  { "cache-control": "max-stale" },
  { "cache-control": "no-cache" },
);

const step = fc.record({
  asked: client,
  answer: says,
  cookie: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  status: fc.constantFrom(200, 200, 200, 404, 301, 299, 503),
  validates: fc.boolean(),
  after: fc.integer({ min: 0, max: 20 }),
});

interface Held {
  readonly stored: Stored;
  readonly says: Says;
  readonly status: number;
  /** Whether what made it may be in a shared cache at all. */
  readonly unlawful: boolean;
}

/** One request on its way through the two questions, and what is held afterwards. */
function lived(
  held: Held | undefined,
  nowMs: number,
  { asked, answer, cookie, status, validates }: StepOf<typeof step>,
) {
  const client = requestOf(asked);
  const decided = reuse(client, held?.stored ?? "uri-miss", { state: "clear" }, HONOUR, nowMs);
  if (decided.verdict === "fresh" || decided.verdict === "stale-while-revalidate") return { held, answered: held };
  const validated = decided.verdict === "revalidate" && validates ? held : undefined;
  const stored = decided.verdict === "revalidate" ? decided.stored : undefined;
  const extra: HeaderPairs = [["ETag", '"a"'], ...(cookie ? [["Set-Cookie", "a=1"] as const] : [])];
  const facts = responseOf(pairsOf(answer, extra), { status: validated ? 304 : status, receivedAtMs: nowMs });
  const verdict = settle(facts, askedOf({ request: client, stored }), POLICY, nowMs);
  if (verdict.verdict !== "store" && verdict.verdict !== "refresh") return { held: undefined, answered: undefined };
  if (verdict.verdict === "refresh" && verdict.refusal !== undefined) return { held: undefined, answered: undefined };
  const known = Object.fromEntries(Object.entries(answer).filter(([, field]) => field && field.lines.length > 0));
  const made: Says = validated ? { ...validated.says, ...known } : answer;
  const code = validated?.status ?? status;
  const unlawful = forbidden(governs(made), code, cookie, asked);
  return { held: { stored: verdict.stored, says: made, status: code, unlawful }, answered: undefined };
}

type StepOf<T> = T extends fc.Arbitrary<infer V> ? V : never;

describe("through any chain of answers, validations and clients", () => {
  it("RFC 9111 3, 5.2.2: nothing is kept or reused whose governing field forbids it, in any spelling", () => {
    let reused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        let held: Held | undefined;
        let nowMs = NOW;
        for (const each of steps) {
          nowMs += each.after * 1000;
          const { held: next, answered } = lived(held, nowMs, each);
          expect(next?.unlawful ?? false).toBe(false);
          if (answered) reused += 1;
          held = next;
        }
      }),
      { numRuns: 1500 },
    );
    // the property would hold of a cache that keeps nothing
    expect(reused).toBeGreaterThan(50);
  });

  it("RFC 9111 3: and what nothing forbids is kept for as long as it says", () => {
    const seconds = fc.integer({ min: 1, max: 120 });
    const harmless = fc.constantFrom<Directive>(
      { name: "public" },
      { name: "immutable" },
      { name: "foo" },
      { name: "x-no-store" },
      { name: "must-understand" },
      { name: "private", argument: "set-cookie" },
      { name: "ext", argument: 'no-store, "private", no-cache' },
    );
    const life = fc.tuple(fc.array(harmless, { maxLength: 3 }), seconds, fc.nat(3)).chain(([others, lasts, place]) => {
      const means = others.toSpliced(place % (others.length + 1), 0, { name: "max-age", argument: String(lasts) });
      return written(fc.constant(means)).map(({ lines }) => ({ lines, lasts }));
    });
    fc.assert(
      fc.property(life, ({ lines, lasts }) => {
        const stored = storedFrom(lines.map((line) => ["Cache-Control", line] as const));
        expect(fateOfStored(stored, { after: lasts - 1 })).toBe("fresh");
        expect(fateOfStored(stored, { after: lasts })).toBe("ask: stale");
      }),
      { numRuns: 300 },
    );
  });
});
