// Owns the origin's answer for each logged target: one fixed answer per method and target, chosen from all its entries.
//
// Faithful: the set of targets, their order and popularity, the most frequent status and size of each.
// Not faithful: a target that changed during the log (another status, another size) keeps its most frequent answer; a 304, 206,
// 416 or 499 only says that a 200 exists, so the whole 200 is served; where the log never tells its size, 1 KiB stands in.
import { createHash } from "node:crypto";
import type { LogEntry } from "./access-log.ts";
import { type Body, bodyOf } from "./body.ts";
import { cacheControlOf, contentTypeOf } from "./content-type.ts";
import { canonicalTarget, type Method, type ReplayRequest } from "./request-line.ts";

export interface Resource {
  readonly id: number;
  readonly target: string;
  readonly status: number;
  readonly bodyBytes: number;
  readonly contentType: string;
  readonly cacheControl: string;
  /** Only 200s have one: the others are never validated. */
  readonly etag: string | undefined;
  readonly body: () => Body;
}

/** In entries, unless the name says targets. */
export interface Fidelity {
  readonly partialServedWhole: number;
  readonly otherStatus: number;
  readonly otherSize: number;
  readonly targetsOfUnknownSize: number;
}

export interface Catalogue {
  readonly targets: number;
  readonly lastModifiedMs: number;
  readonly fidelity: Fidelity;
  /** A query the log does not know finds another resource of the same path: a rule of the edge may have reduced it. */
  find(method: string, target: string): Resource | undefined;
  byId(id: number): Resource | undefined;
}

interface Tally {
  readonly method: Method;
  readonly target: string;
  /** Status to size to entries. */
  readonly answers: Map<number, Map<number | undefined, number>>;
}

const STAND_IN_BYTES = 1_024;
/** Statuses that speak of an exchange, not of the resource: behind each stands a 200. 499 is nginx's "client went away". */
const IMPLIES_200: ReadonlySet<number> = new Set([206, 304, 416, 499]);
const BODILESS: ReadonlySet<number> = new Set([204, 205]);

export function createCatalogue(): { add(request: ReplayRequest, entry: LogEntry): void; finish(): Catalogue } {
  const tallies = new Map<string, Tally>();
  let earliestMs = Number.POSITIVE_INFINITY;
  return {
    add({ method, target }, { status, bodyBytes, timeMs }) {
      earliestMs = Math.min(earliestMs, timeMs);
      const key = keyOf(method, canonicalTarget(target));
      const tally = tallies.get(key) ?? { method, target: canonicalTarget(target), answers: new Map() };
      tallies.set(key, tally);
      const sizes = tally.answers.get(status) ?? new Map<number | undefined, number>();
      tally.answers.set(status, sizes);
      // A HEAD answer has no body, so its entry does not count the resource's size.
      const size = method === "HEAD" ? undefined : bodyBytes;
      sizes.set(size, (sizes.get(size) ?? 0) + 1);
    },
    finish: () => buildCatalogue(tallies, Number.isFinite(earliestMs) ? earliestMs : 0),
  };
}

function buildCatalogue(tallies: ReadonlyMap<string, Tally>, lastModifiedMs: number): Catalogue {
  const byKey = new Map<string, Resource>();
  const byPath = new Map<string, Resource>();
  const resources: Resource[] = [];
  const fidelity = { partialServedWhole: 0, otherStatus: 0, otherSize: 0, targetsOfUnknownSize: 0 };
  for (const [key, tally] of tallies) {
    const resource = chooseResource(resources.length, tally, fidelity);
    resources.push(resource);
    byKey.set(key, resource);
    const pathKey = keyOf(tally.method, pathOf(tally.target));
    if (!byPath.has(pathKey)) byPath.set(pathKey, resource);
  }
  return {
    targets: resources.length,
    lastModifiedMs,
    fidelity,
    find(method, target) {
      const canonical = canonicalTarget(target);
      return byKey.get(keyOf(method, canonical)) ?? byPath.get(keyOf(method, pathOf(canonical)));
    },
    byId: (id) => resources[id],
  };
}

export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** GET and HEAD speak of the same resource. */
function keyOf(method: string, target: string): string {
  return `${method === "HEAD" ? "GET" : method} ${target}`;
}

function chooseResource(id: number, { method, target, answers }: Tally, fidelity: Mutable<Fidelity>): Resource {
  const statuses = new Map<number, number>();
  for (const [logged, sizes] of answers) {
    const status = IMPLIES_200.has(logged) ? 200 : logged;
    statuses.set(status, (statuses.get(status) ?? 0) + total(sizes));
  }
  const status = mostFrequent(statuses, (a, b) => b - a) ?? 200;
  const size = BODILESS.has(status) ? 0 : knownSize(answers, status);
  const bodyBytes = size ?? STAND_IN_BYTES;

  fidelity.partialServedWhole += total(answers.get(206));
  fidelity.otherStatus += total(statuses) - (statuses.get(status) ?? 0);
  for (const [logged, entries] of answers.get(status) ?? []) {
    if (logged !== undefined && logged !== bodyBytes) fidelity.otherSize += entries;
  }
  if (size === undefined) fidelity.targetsOfUnknownSize++;

  const contentType = contentTypeOf(target, status);
  const cacheControl = cacheControlOf(method, status, contentType);
  const etag = status === 200 && cacheControl !== "no-store" ? etagOf(target, bodyBytes) : undefined;
  return { id, target, status, bodyBytes, contentType, cacheControl, etag, body: () => bodyOf(target, bodyBytes) };
}

function etagOf(target: string, bodyBytes: number): string {
  return `"${createHash("sha256").update(`${bodyBytes} ${target}`).digest("hex").slice(0, 16)}"`;
}

function knownSize(answers: Tally["answers"], status: number): number | undefined {
  const sizes = new Map<number, number>();
  for (const [size, entries] of answers.get(status) ?? []) {
    if (size !== undefined) sizes.set(size, entries);
  }
  // Of two equally frequent sizes the larger is the whole: transfers broken off are logged short.
  const chosen = mostFrequent(sizes, (a, b) => a - b);
  if (chosen !== undefined || status !== 200) return chosen;
  const parts = [...(answers.get(206)?.keys() ?? [])].filter((size) => size !== undefined);
  return parts.length === 0 ? undefined : Math.max(...parts);
}

function mostFrequent(
  counts: ReadonlyMap<number, number>,
  prefer: (a: number, b: number) => number,
): number | undefined {
  let best: number | undefined;
  let bestCount = 0;
  for (const [value, count] of counts) {
    if (count < bestCount || (count === bestCount && best !== undefined && prefer(value, best) <= 0)) continue;
    best = value;
    bestCount = count;
  }
  return best;
}

function total(counts: ReadonlyMap<unknown, number> | undefined): number {
  let sum = 0;
  for (const count of counts?.values() ?? []) sum += count;
  return sum;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
