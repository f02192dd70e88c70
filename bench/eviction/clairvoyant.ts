// Owns the bounds that no policy can beat: a policy that knows the future, and a limit for all that do.
import { generator } from "./zipf.ts";
import type { MakePolicy } from "./policies.ts";
import type { Stream } from "./stream.ts";

/** How many of those held are looked at for a victim. Seeing all of them changes little and takes very long. */
const SAMPLE = 64;

/** For each request, the position of the next one for the same object. */
function nextUses(requests: readonly number[]): Float64Array {
  const next = new Float64Array(requests.length);
  const seen = new Map<number, number>();
  for (let i = requests.length - 1; i >= 0; i--) {
    const id = requests[i] ?? 0;
    next[i] = seen.get(id) ?? Number.POSITIVE_INFINITY;
    seen.set(id, i);
  }
  return next;
}

/**
 * Belady's rule for objects of different sizes is an approximation (the true optimum is NP-hard): of a sample of those held, that goes
 * whose next use is farthest times its size. It may refuse a newcomer, which the tier may not.
 */
export function belady(name: string, value: (distance: number, weight: number) => number): MakePolicy {
  return (stream, budget) => {
    const next = nextUses(stream.requests);
    const random = generator(1);
    const held: { readonly id: number; readonly weight: number; next: number }[] = [];
    const places = new Map<number, number>();
    let [now, bytes] = [-1, 0];

    function remove(place: number): void {
      const gone = held[place];
      const last = held.pop();
      if (!gone || !last) return;
      places.delete(gone.id);
      bytes -= gone.weight;
      if (gone === last) return;
      held[place] = last;
      places.set(last.id, place);
    }

    function evictOne(): void {
      let [worst, worstValue] = [0, -1];
      for (let i = 0; i < Math.min(SAMPLE, held.length); i++) {
        const place = held.length <= SAMPLE ? i : Math.floor(random() * held.length);
        const each = held[place];
        if (!each) continue;
        const its = value(each.next - now, each.weight);
        if (its > worstValue) [worst, worstValue] = [place, its];
      }
      remove(worst);
    }

    return {
      name,
      request(id) {
        now += 1;
        const due = next[now] ?? Number.POSITIVE_INFINITY;
        const place = places.get(id);
        const known = place === undefined ? undefined : held[place];
        if (known && place !== undefined) {
          known.next = due;
          // an object that is never requested again leaves at once
          if (due === Number.POSITIVE_INFINITY) remove(place);
          return true;
        }
        const weight = stream.objects[id]?.weight ?? 0;
        if (weight > budget || due === Number.POSITIVE_INFINITY) return false;
        places.set(id, held.length);
        held.push({ id, weight, next: due });
        bytes += weight;
        while (bytes > budget) evictOne();
        return false;
      },
    };
  };
}

export interface Bound {
  readonly hits: number;
  readonly hitBytes: number;
}

/**
 * The most hits that any policy can have: keeping an object from one use to the next takes its size times that time, and all of the space
 * over all of the time is given to the cheapest. (The lower-cost relaxation of Berger, Beckmann and Harchol-Balter, SIGMETRICS 2018.)
 */
export function bound(stream: Stream, budget: number): Bound {
  const next = nextUses(stream.requests);
  const spans = stream.requests.flatMap((id, i) => {
    const length = (next[i] ?? 0) - i;
    const object = stream.objects[id];
    if (!object || length === Number.POSITIVE_INFINITY || object.weight > budget) return [];
    return [{ weight: object.weight, bodyBytes: object.bodyBytes, length }];
  });
  const space = budget * stream.requests.length;
  const fill = (order: typeof spans): typeof spans => {
    let left = space;
    return order.slice(0, order.findIndex(({ weight, length }) => (left -= weight * length) < 0) >>> 0);
  };
  const hits = fill(spans.toSorted((a, b) => a.weight * a.length - b.weight * b.length)).length;
  const cheapest = spans.toSorted((a, b) => (a.weight * a.length) / a.bodyBytes - (b.weight * b.length) / b.bodyBytes);
  return { hits, hitBytes: fill(cheapest).reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) };
}
