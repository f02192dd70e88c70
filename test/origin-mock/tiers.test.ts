// Proves how the tiers are asked together: however many changes are waited for, totals are not brought up to date once for each.
import { expect, test } from "vitest";
import { createTiers } from "../../origin-mock/tiers.ts";
import { TRACE, updated } from "./support/events.ts";

test("changes during a refresh share the next one, and none shares one that began before it", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const removed: number[] = [];
  const remove = async () => {
    removed.push(gates.length);
    return { status: "done", keys: 1 } as const;
  };
  const tiers = createTiers({
    application: { remove, removeEntities: remove, bumpVersion: remove },
    gateway: undefined,
    cdn: undefined,
    refreshCategoryTotals() {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    },
    monotonicMs: () => 0,
    random: () => 0,
  });
  const change = (id: number) => tiers.invalidateFor({ ...TRACE, event: updated(id), eventId: `e${id}` }, 1_000);
  const first = change(1);
  const later = [change(2), change(3), change(4)];
  gates[0]?.resolve();
  await first;
  expect([gates.length, removed.every((refreshes) => refreshes >= 1)]).toEqual([2, true]);
  const before = removed.length;
  gates[1]?.resolve();
  await Promise.all(later);
  expect([gates.length, removed.length > before]).toEqual([2, true]);
});
