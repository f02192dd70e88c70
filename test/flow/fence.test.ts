// Owns the proof of the fence: once a purge is visible on an edge, nothing whose fetch began before it is served as fresh there.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { PurgeMode } from "../../src/http/targets/purge-order.ts";
import type { Target } from "../../src/http/targets/target.ts";
import { type Barrier, barrier, turns } from "../support/barrier.ts";
import {
  COLOS,
  compact,
  edgeIn,
  HOW,
  type How,
  leastVersions,
  originAnswers,
  PATHS,
  purge,
  versionOf,
  type World,
  world,
} from "../support/fence-world.ts";
import { runs } from "../support/runs.ts";

const TARGETS: Readonly<Record<string, (path: string) => Target>> = {
  tag: (path) => ({ kind: "tag", value: `t${path}` }),
  group: (path) => ({ kind: "group", value: `https://shop.test g${path}` }),
  url: (path) => ({ kind: "url", value: `https://shop.test${path}` }),
  path: (path) => ({ kind: "path", value: path }),
  prefix: (path) => ({ kind: "prefix", value: `shop.test${path}` }),
  host: () => ({ kind: "host", value: "shop.test" }),
  everything: () => ({ kind: "everything", value: "" }),
};

const MANNERS: Readonly<Record<string, RequestInit>> = {
  plain: {},
  other: { headers: { "accept-language": "de" } },
  head: { method: "HEAD" },
  "new head": { method: "HEAD", headers: { "cache-control": "no-cache" } },
  range: { headers: { range: "bytes=0-3" } },
  rest: { headers: { range: "bytes=4-" } },
  end: { headers: { range: "bytes=-8" } },
  "no-cache": { headers: { "cache-control": "no-cache" } },
};

/** The kinds of steps of one run. A few kinds in long runs reach further than all kinds in a mixture. */
const playWith = (targets: readonly string[]) =>
  fc
    .record({
      paths: some(PATHS),
      edges: some([...COLOS.keys()]),
      manners: some(Object.keys(MANNERS), 3),
      hows: some(HOW, 2),
      targets: some(targets),
      modes: some<PurgeMode>(["hard", "soft"]),
      troubles: fc.subarray([...TROUBLES]),
      stuckTag: fc.boolean(),
    })
    .chain(({ stuckTag, ...chosen }) => {
      const steps = fc.array(stepWith(chosen), { minLength: 10, maxLength: 60, size: "max" });
      return fc.record({ steps, stuckTag: fc.constant(stuckTag) });
    });

const some = <T>(all: readonly T[], maxLength = all.length): fc.Arbitrary<T[]> =>
  fc.subarray([...all], { minLength: 1, maxLength });

interface Chosen {
  readonly paths: readonly string[];
  readonly edges: readonly number[];
  readonly manners: readonly string[];
  readonly hows: readonly How[];
  readonly targets: readonly string[];
  readonly modes: readonly PurgeMode[];
  readonly troubles: readonly (typeof TROUBLES)[number][];
}

const TROUBLES = ["hold", "lag", "cut", "slow", "restart", "compact", "lose"] as const;
const colo = fc.nat(2);
/** A step, with its likelihood. */
const event = <const Kind extends string, T>(
  weight: number,
  kind: Kind,
  of: { [K in keyof T]: fc.Arbitrary<T[K]> },
) => ({
  weight,
  arbitrary: fc.record(of).map((given) => ({ kind, ...given })),
});
const stepWith = ({ paths, edges, manners, hows, targets, modes, troubles }: Chosen) => {
  const path = fc.constantFrom(...paths);
  const edge = fc.constantFrom(...edges);
  const weight = (trouble: (typeof TROUBLES)[number]): number => (troubles.includes(trouble) ? 1 : 0);
  return fc.oneof(
    event(8, "ask", { edge, path, manner: fc.constantFrom("plain", ...manners) }),
    event(8, "answer", { which: fc.nat(5), how: fc.constantFrom(...hows) }),
    event(4, "purge", {
      edge: fc.option(edge, { nil: undefined }),
      path,
      target: fc.constantFrom(...targets),
      mode: fc.constantFrom(...modes),
    }),
    event(4, "wait", { seconds: fc.constantFrom(0.4, 1.1, 3, 61) }),
    event(weight("hold"), "hold", { colo }),
    event(weight("hold"), "release", { colo }),
    event(weight("lag"), "lag", { colo, seconds: fc.constantFrom(0, 60) }),
    event(weight("cut"), "cut", { edge }),
    event(weight("slow"), "slow", { edge }),
    event(weight("cut") + weight("slow"), "heal", { edge }),
    event(weight("restart"), "restart", { edge }),
    event(weight("compact"), "compact", { kept: fc.nat(2) }),
    event(weight("lose"), "lose", {}),
  );
};
type Step = ReturnType<typeof stepWith> extends fc.Arbitrary<infer T> ? T : never;

/** Each client's answer is checked on arrival, against the purges known when the client asked. */
async function asked(w: World, index: number, path: string, manner: string): Promise<void> {
  const least = leastVersions(w, index, path);
  const response = await w.edges[index]?.get(path, MANNERS[manner]);
  if (!response || response.status >= 500) return;
  const isHead = MANNERS[manner]?.method === "HEAD";
  const text = isHead ? "" : await response.text().catch(() => "broken off");
  if (text === "broken off") return;
  const version = isHead ? Number(response.headers.get("x-version")) : versionOf(text);
  const status = response.headers.get("cache-status") ?? "";
  const event = `${path} on edge ${String(index)} ${manner}: version ${String(version)} by "${status}"`;
  if (!w.stuckTag) expect(text, `${event}: bytes of one version`).toBe(text.slice(0, 1).repeat(text.length));
  const isStale = /stale-(?:while-revalidate|if-error|if-slow|if-busy)|ttl=-/.test(status);
  const isConfirmed = w.lied.has(path) && status.includes("validated");
  const bound = isConfirmed ? least.confirmed : isStale ? least.stale : least.fresh;
  expect(version, `${event}; known: ${JSON.stringify(least)}`).toBeGreaterThanOrEqual(bound);
}

/** Bodies on their way arrive within this time: a body that pauses for 30 s is broken off. */
async function pass(w: World, seconds: number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await turns(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  w.clock.advance(seconds);
}

/** Opens the present barrier, if there is one, and sets the next one, if any. */
function bar(held: Barrier<void> | undefined, stays: boolean): Barrier<void> | undefined {
  held?.open();
  return stays ? barrier() : undefined;
}

function hold(w: World, index: number, holds: boolean): void {
  const colo = w.colos[index];
  if (colo) colo.held = bar(colo.held, holds);
}

function heal(w: World, index: number): void {
  w.cut[index] = false;
  w.slow[index] = bar(w.slow[index], false);
}

function purgeStep(w: World, { edge, path, target, mode }: Step & { kind: "purge" }): void {
  const made = TARGETS[target]?.(path);
  if (!made) return;
  const all = made.kind === "host" || made.kind === "everything";
  // a stuck tag would let the origin confirm the softly purged response
  purge(w, edge, made, all ? PATHS : [path], w.stuckTag ? "hard" : mode);
}

async function happens(w: World, step: Step, clients: Promise<void>[]): Promise<void> {
  switch (step.kind) {
    case "ask": {
      const client = asked(w, step.edge, step.path, step.manner);
      // the findings are reported at the end
      client.catch(() => undefined);
      clients.push(client);
      return;
    }
    case "answer":
      originAnswers(w, step.which, step.how);
      return;
    case "purge":
      purgeStep(w, step);
      return;
    case "wait":
      return pass(w, step.seconds);
    case "hold":
    case "release":
      hold(w, step.colo, step.kind === "hold");
      return;
    case "lag":
      w.lags[step.colo] = step.seconds;
      return;
    case "cut":
      w.cut[step.edge] = true;
      return;
    case "slow":
      w.slow[step.edge] = bar(w.slow[step.edge], true);
      return;
    case "heal":
      heal(w, step.edge);
      return;
    case "restart":
      w.edges[step.edge] = edgeIn(w, step.edge);
      return;
    case "compact":
      compact(w, step.kept);
      return;
    case "lose":
      w.log.lose();
      w.losses += 1;
  }
}

async function play({
  steps,
  stuckTag,
}: {
  readonly steps: readonly Step[];
  readonly stuckTag: boolean;
}): Promise<void> {
  const w = world(stuckTag);
  const clients: Promise<void>[] = [];
  for (const step of steps) {
    await happens(w, step, clients);
    // one after the other
    await turns(20);
  }
  let isOver = false;
  const over = Promise.all(clients).finally(() => (isOver = true));
  over.catch(() => undefined);
  for (const index of w.colos.keys()) hold(w, index, false);
  for (const index of w.edges.keys()) heal(w, index);
  for (let round = 0; round < 300 && !isOver; round++) {
    originAnswers(w, 0, "lasting");
    if (round % 5 === 4) w.clock.advance(1);
    await turns(30);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(isOver, "somebody waits for ever").toBe(true);
  await over;
}

const KINDS = Object.keys(TARGETS);

const ask = (manner: string): Step => ({ kind: "ask", edge: 0, path: "/a", manner });
const answers = (how: How): Step => ({ kind: "answer", which: 0, how });
const hard = (path: string): Step => ({ kind: "purge", edge: 0, path, target: "tag", mode: "hard" });
const wait: Step = { kind: "wait", seconds: 61 };
const pause: Step = { kind: "wait", seconds: 0.4 };
/** The lookup judges the stored response, and a purge comes while the lookup goes on in a slow colo. */
const purgedMeanwhile = (...before: Step[]): readonly Step[] => [
  { kind: "hold", colo: 0 },
  ask("plain"),
  ...before,
  hard("/a"),
  { kind: "release", colo: 0 },
];
/** Interleavings that random steps seldom reach. */
const SCENES: Readonly<Record<string, readonly Step[]>> = {
  "a validation": [ask("plain"), answers("brief"), wait, ...purgedMeanwhile(), answers("lasting"), pause, ask("plain")],
  "a part made whole": [
    ask("end"),
    answers("brief"),
    pause,
    ...purgedMeanwhile(),
    answers("part"),
    pause,
    ask("plain"),
  ],
  "a part of a log that was lost": [hard("/b"), hard("/b"), ask("end"), answers("brief"), pause].concat(
    purgedMeanwhile({ kind: "lose" }),
    [answers("part"), pause, ask("plain")],
  ),
};

it.each(Object.entries(SCENES))(
  "a purge between the lookup and the request to the origin is not overtaken by %s",
  (_, steps) => play({ steps, stuckTag: true }),
);

const on = (path: string): Step => ({ kind: "ask", edge: 0, path, manner: "plain" });
const soft = (edge: number | undefined): Step => ({ kind: "purge", edge, path: "/c", target: "host", mode: "soft" });
/** A request to the log is under way while the log is lost and, in the same millisecond, the edge learns of the next one by a purge. */
const LATE_ANSWER: readonly Step[] = [
  on("/c"),
  { kind: "slow", edge: 0 },
  { kind: "wait", seconds: 1.1 },
  on("/c"),
  { kind: "lose" },
  soft(0),
  on("/c"),
  { kind: "heal", edge: 0 },
  soft(undefined),
  { kind: "lose" },
  soft(undefined),
  answers("brief"),
  on("/c"),
  pause,
  pause,
  on("/c"),
  { kind: "slow", edge: 0 },
  on("/c"),
];

it("a late reply of a lost log takes no edge back to it, even if the edge learned of the next log in the same millisecond", () =>
  play({ steps: LATE_ANSWER, stuckTag: false }));

it.each<[string, readonly string[], number]>([
  ["of all kinds", KINDS, 600],
  ...KINDS.map((kind): [string, readonly string[], number] => [`by ${kind}`, [kind], 60]),
])(
  "no interleaving of fetches, stores, promotions, purges %s and refreshes on several edges resurrects a purged response",
  async (_, kinds, numRuns) => {
    await fc.assert(fc.asyncProperty(playWith(kinds), play), { numRuns: runs(numRuns) });
  },
  60_000,
);
