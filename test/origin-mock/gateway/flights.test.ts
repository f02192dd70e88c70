// Proves sharing: one leads, the others follow, and nobody waits for ever.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFlights } from "../../../origin-mock/gateway/flights.ts";
import type { Flight, Flights } from "../../../origin-mock/gateway/flights.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lead = (flights: Flights<string>, name = "a"): Extract<Flight<string>, { kind: "lead" }> => {
  const flight = flights.join(name);
  if (flight.kind !== "lead") throw new Error("it follows");
  return flight;
};
const follow = (flights: Flights<string>, name = "a"): Promise<string | undefined> => {
  const flight = flights.join(name);
  if (flight.kind !== "follow") throw new Error("it leads");
  return flight.answer;
};

test("one leads, the others are given what it lands with, and the next leads again", async () => {
  const flights = createFlights<string>(1_000);
  const first = lead(flights);
  const others = [follow(flights), follow(flights)];
  lead(flights, "b").land("b");
  first.land("a");
  first.land("too late");
  expect(await Promise.all(others)).toEqual(["a", "a"]);
  lead(flights).land(undefined);
});

test("a slow leader lets its followers go, and does not land on those of the next", async () => {
  const flights = createFlights<string>(1_000);
  const slow = lead(flights);
  const follower = follow(flights);
  vi.advanceTimersByTime(999);
  const late = follow(flights);
  vi.advanceTimersByTime(1);
  expect(await Promise.all([follower, late])).toEqual([undefined, undefined]);
  const second = lead(flights);
  const other = follow(flights);
  slow.land("old");
  const another = follow(flights);
  second.land("new");
  expect(await Promise.all([other, another])).toEqual(["new", "new"]);
  expect(vi.getTimerCount()).toBe(0);
});
