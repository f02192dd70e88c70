// Owns the circuit breakers of an isolate: it finds the circuits of a request, and tells each of them how the request ended.
import { type BoundedMap, boundedMap } from "../../base/bounded-map.ts";
import { hash64 } from "../../http/message/hash.ts";
import type { BreakerPolicy } from "../../policy/breaker.ts";
import type { Health } from "../../http/law/origin-health.ts";
import { type Circuit, circuit, type Era, type Probe } from "./circuit.ts";

/** Names of a request's target, each of which may have a circuit. */
export interface Route {
  readonly origin: string;
  /** The public host: hosts that share an origin have separate circuits. */
  readonly host: string;
  readonly path: string;
  readonly rule: string;
  /** Under the site's default rule, each first segment of a path counts as a rule. */
  readonly isDefaultRule: boolean;
  /** The rule's breaker, and the host's; absent where there is none. */
  readonly policy: BreakerPolicy | undefined;
  readonly hostPolicy: BreakerPolicy | undefined;
}

/** Reports the end of an admitted request. `askedSeconds`: the rest that the origin itself asked for. */
export type Report = (health: Health, askedSeconds?: number) => void;

/** Whether a request may go to the origin. */
export type Admission =
  /** `isProbe`: this request tests whether the origin has recovered. */
  | { readonly kind: "admitted"; readonly isProbe: boolean; readonly report: Report }
  | { readonly kind: "refused"; readonly retryAfterSeconds: number };

export interface Breakers {
  /** `limitMs`: a probe that has not ended by then counts as cut off; absent where the request must not be a probe. */
  admit(route: Route, limitMs: number | undefined): Admission;
  /** For a request that no breaker may stop: its answer closes circuits, but its breakdown opens none. */
  follow(route: Route): Report;
}

export interface BreakerOptions {
  readonly now: () => number;
  /** In [0, 1): spreads the probes of many isolates. */
  readonly random: () => number;
}

/** Paths below one segment, segments of one rule, or rules of one host that must break down before the group counts as down. */
const SPREAD = { path: 1, branch: 5, rule: 3, host: 3 } as const;
/** Circuits remembered of each kind. Clients invent paths, segments and hosts, so the circuit used longest ago is forgotten. */
const MAX_KNOWN = 1000;

type Level = keyof typeof SPREAD;

/** One circuit of a request. `member`: the part of the circuit that the request belongs to. */
interface Place {
  readonly circuit: Circuit;
  readonly member: string;
  readonly sentIn: Era;
}

const UNWATCHED: Admission = { kind: "admitted", isProbe: false, report: () => undefined };

export function breakers({ now, random }: BreakerOptions): Breakers {
  const placeAt = places(random);
  /** Paths whose last request was answered. They are remembered apart, so that no invented path that breaks down displaces one. */
  const working = boundedMap<string, true>(MAX_KNOWN);

  return {
    admit(route, limitMs) {
      const { origin, host, path, policy } = route;
      if (!policy) return UNWATCHED;
      const id = idOf([origin, host, path]);
      const own = placeAt("path", id, policy, "");
      const all = [own, ...groupsOf(route, placeAt)];
      // a path that works is refused only once it has broken down itself, whatever its neighbours do
      const consulted = working.get(id) ? [own] : all;
      const nowMs = now();
      const open = consulted.flatMap((place) => {
        const stance = place.circuit.stance(nowMs);
        return stance.kind === "closed" ? [] : [{ circuit: place.circuit, stance }];
      });
      if (open.length > 0 && (limitMs === undefined || open.some(({ stance }) => stance.kind === "resting"))) {
        const waits = open.map(({ stance }) => (stance.kind === "resting" ? stance.retryAfterSeconds : 1));
        return { kind: "refused", retryAfterSeconds: Math.max(...waits) };
      }
      const probes = new Map(open.map((each) => [each.circuit, each.circuit.probe(nowMs, limitMs ?? 0)] as const));
      return {
        kind: "admitted",
        isProbe: open.length > 0,
        report(health, askedSeconds) {
          if (health === "answered") working.set(id, true);
          if (health === "broken") working.delete(id);
          for (const place of all) tell(place, probes.get(place.circuit), health, now(), askedSeconds);
        },
      };
    },
    follow(route) {
      // the answer to an unsafe method says nothing of reading the same path
      const groups = groupsOf(route, placeAt);
      return (health) => {
        if (health !== "answered") return;
        for (const place of groups) place.circuit.answered(now(), place.sentIn);
      };
    },
  };
}

type PlaceAt = (level: Level, id: string, policy: BreakerPolicy, member: string) => Place;

/** Finds or makes the circuit of a hashed name. */
function places(random: () => number): PlaceAt {
  const circuits: Readonly<Record<Level, BoundedMap<string, Circuit>>> = {
    path: boundedMap(MAX_KNOWN),
    branch: boundedMap(MAX_KNOWN),
    rule: boundedMap(MAX_KNOWN),
    host: boundedMap(MAX_KNOWN),
  };
  return (level, id, policy, member) => {
    const found = circuits[level].get(id) ?? circuit({ policy, spread: SPREAD[level], random });
    circuits[level].set(id, found);
    return { circuit: found, member, sentIn: found.era() };
  };
}

/** The groups above a path, the smallest first. */
function groupsOf(route: Route, placeAt: PlaceAt): readonly Place[] {
  const { origin, host, path, rule, isDefaultRule, policy, hostPolicy } = route;
  const segment = path.split("/", 2)[1] ?? "";
  const ofRule = policy && [
    placeAt("branch", idOf([origin, host, rule, segment]), policy, hash64(path)),
    placeAt("rule", idOf([origin, host, rule]), policy, hash64(segment)),
  ];
  const member = hash64(isDefaultRule ? `/${segment}` : rule);
  const ofHost = hostPolicy && [placeAt("host", idOf([origin, host]), hostPolicy, member)];
  return [...(ofRule ?? []), ...(ofHost ?? [])];
}

function tell(
  { circuit: reached, member, sentIn }: Place,
  probe: Probe | undefined,
  health: Health,
  nowMs: number,
  askedSeconds: number | undefined,
): void {
  if (health === "answered") reached.answered(nowMs, sentIn);
  else if (health === "broken" && probe) reached.probeBroken(probe, nowMs, askedSeconds);
  else if (health === "broken") reached.broken(nowMs, sentIn, member, askedSeconds);
  else if (probe) reached.release(probe);
}

/** A hash, because clients make paths as long as they like. A collision only makes two paths share a circuit. */
function idOf(name: readonly string[]): string {
  return hash64(JSON.stringify(name));
}
