// Owns cutting a purge into orders that the endpoint takes, each under a key of its own made from the run's.
import { type Item, KINDS, nameOf, type Problem, problemOf } from "./item.ts";

/** The options that hold for all items. */
export interface Manner {
  readonly mode: "hard" | "soft";
  readonly browsers: boolean;
}

export interface Batch {
  /** From 1. */
  readonly number: number;
  /** Of all items, from 1. */
  readonly first: number;
  readonly items: readonly Item[];
  readonly idempotencyKey: string;
  /** As the endpoint takes it. */
  readonly order: object;
  /** By JSON pointers into the order. */
  readonly itemAt: ReadonlyMap<string, Item>;
}

const MAX_ITEMS = 1000;
/** Half of what the endpoint reads. */
const MAX_BYTES = 4 * 2 ** 20;

const LISTS = { tag: "tags", url: "urls", path: "paths", prefix: "prefixes", host: "hosts" } as const;

export function batchesOf(items: readonly Item[], manner: Manner, runKey: string): readonly Batch[] {
  const batches: Batch[] = [];
  let first = 1;
  for (const group of groupsOf(items)) {
    const number = batches.length + 1;
    const idempotencyKey = `${runKey}.${number}`;
    batches.push({
      number,
      first,
      items: group,
      idempotencyKey,
      order: orderOf(group, manner),
      itemAt: pointersTo(group),
    });
    first += group.length;
  }
  return batches;
}

function groupsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let group: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = Buffer.byteLength(JSON.stringify(item.value)) + 1;
    if (group.length > 0 && (group.length === MAX_ITEMS || bytes + more > MAX_BYTES)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(item);
    bytes += more;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function orderOf(items: readonly Item[], { mode, browsers }: Manner): object {
  const lists = KINDS.map((kind) => [LISTS[kind], valuesOf(items, kind)] as const);
  return {
    ...Object.fromEntries(lists.filter(([, values]) => values.length > 0)),
    ...(items.some(({ kind }) => kind === "everything") && { everything: true }),
    mode,
    ...(browsers && { browsers }),
  };
}

function valuesOf(items: readonly Item[], kind: Item["kind"]): readonly string[] {
  return items.flatMap((item) => (item.kind === kind ? [item.value] : []));
}

/** By what the endpoint calls them, `/tags/3` for instance (RFC 6901). */
function pointersTo(items: readonly Item[]): ReadonlyMap<string, Item> {
  const counts = new Map<string, number>();
  return new Map(
    items.map((item) => {
      if (item.kind === "everything") return ["/everything", item];
      const index = counts.get(item.kind) ?? 0;
      counts.set(item.kind, index + 1);
      return [`/${LISTS[item.kind]}/${index}`, item];
    }),
  );
}

/** The endpoint's problems, each with the words and the place of its item. */
export function problemAt(batch: Batch, { pointer, detail }: { pointer: string; detail: string }): Problem {
  const item = batch.itemAt.get(pointer);
  if (item) return problemOf(item, detail);
  return { target: pointer === "/browsers" ? "--browsers" : stretchOf(batch), detail };
}

/** `targets 1 to 1,000 (targets.txt:1: tag a ... targets.txt:1000: tag b)` */
export function stretchOf({ first, items }: Pick<Batch, "first" | "items">): string {
  const ends = [...new Set([items[0], items.at(-1)])].flatMap((item) => (item ? [whereabouts(item)] : []));
  const [from, to] = [first, first + items.length - 1].map((number) => number.toLocaleString("en"));
  return `${from === to ? `target ${from}` : `targets ${from} to ${to}`} (${ends.join(" ... ")})`;
}

function whereabouts(item: Item): string {
  return item.place === undefined ? nameOf(item) : `${item.place}: ${nameOf(item)}`;
}
