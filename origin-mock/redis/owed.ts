// Owns orders that Redis has not confirmed yet. A reader that awaits `pay` first never sees their old values. Lifetimes
// bound what other processes, or this one after a crash, still see.

export interface Owed<Order> {
  add(orders: readonly Order[]): void;
  /** Resolves once Redis has confirmed everything added before the call. */
  pay(): Promise<void>;
}

export function createOwed<Order>(parts: {
  readonly send: (orders: readonly Order[]) => Promise<unknown>;
  /** Orders with one name count as one. */
  readonly nameOf: (order: Order) => string;
  readonly most: number;
  /** Replaces the list beyond `most`, because Redis may be away for hours. */
  readonly instead: Order;
}): Owed<Order> {
  const { send, nameOf, most, instead } = parts;
  const owed = new Map<string, { readonly order: Order; readonly addition: number }>();
  let additions = 0;
  return {
    add(orders) {
      additions += 1;
      for (const order of orders) owed.set(nameOf(order), { order, addition: additions });
      if (owed.size <= most) return;
      owed.clear();
      owed.set(nameOf(instead), { order: instead, addition: additions });
    },
    async pay() {
      if (owed.size === 0) return;
      const pending = [...owed];
      await send(pending.map(([, { order }]) => order));
      // Keeps orders that were added again meanwhile, because this confirmation may be older than their change.
      for (const [name, { addition }] of pending) if (owed.get(name)?.addition === addition) owed.delete(name);
    },
  };
}
