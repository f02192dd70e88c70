// Owns what Redis owes: orders it was given and has not confirmed. Whoever waits for `pay` before asking is never told what it
// knows to be old; other processes, and this one after a crash, are bounded by the lifetimes of what is kept.

export interface Owed<Order> {
  add(orders: readonly Order[]): void;
  /** Resolves once everything added before the call is confirmed; at once when nothing is owed. */
  pay(): Promise<void>;
}

export function createOwed<Order>(parts: {
  readonly send: (orders: readonly Order[]) => Promise<unknown>;
  /** Orders of one name are one order. */
  readonly nameOf: (order: Order) => string;
  readonly most: number;
  /** Redis may be away for hours: beyond the most it owes this one, not a list without end. */
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
      // What was added again meanwhile stays: this confirmation may be older than that change.
      for (const [name, { addition }] of pending) if (owed.get(name)?.addition === addition) owed.delete(name);
    },
  };
}
