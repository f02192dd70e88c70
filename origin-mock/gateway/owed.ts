// Owns the purges Redis owes: asked for, not yet confirmed.

export type Purge = {
  readonly tags: readonly string[];
  readonly everything: boolean;
  /** Everything, if Redis is another server than it was: one that was restored, or took over, may know of fewer purges. */
  readonly ifOtherServer?: boolean;
};
export type Owed = {
  add(purge: Purge): void;
  /** Resolves once everything added before the call is confirmed; at once when nothing is owed. */
  pay(): Promise<void>;
};

/** Beyond it everything is owed: a long outage must not fill this process's memory. */
const MOST_TAGS = 5_000;

export const createOwed = (purge: (what: Purge) => Promise<void>): Owed => {
  const tags = new Map<string, number>();
  let everything: number | undefined;
  let ifOtherServer: number | undefined;
  let additions = 0;
  return {
    add(what) {
      additions += 1;
      for (const tag of what.tags) tags.set(tag, additions);
      if (what.ifOtherServer === true) ifOtherServer = additions;
      if (what.everything || tags.size > MOST_TAGS) {
        everything = additions;
        tags.clear();
      }
    },
    async pay() {
      if (tags.size === 0 && everything === undefined && ifOtherServer === undefined) return;
      const paid = additions;
      await purge({
        tags: [...tags.keys()],
        everything: everything !== undefined,
        ifOtherServer: ifOtherServer !== undefined,
      });
      // What was added meanwhile stays: this confirmation may be older than that change.
      for (const [tag, addition] of tags) if (addition <= paid) tags.delete(tag);
      if (everything !== undefined && everything <= paid) everything = undefined;
      if (ifOtherServer !== undefined && ifOtherServer <= paid) ifOtherServer = undefined;
    },
  };
};
