// Owns a reader's records in typed arrays: constant lookup time, few bytes for each.
import { hex, wordOf } from "../../http/message/hash.ts";
import type { TargetHash } from "../../http/targets/target.ts";
import { changedSeq, mergedMarks, type PurgeMarks, type PurgeRecord } from "../wire/records.ts";

export interface RecordTable {
  /** Merges the record into its target's row. Ignores a record at or below the number up to which records were dropped. */
  merge(record: PurgeRecord): void;
  marksOf(target: TargetHash): PurgeMarks | undefined;
  /** Lengths of all known prefix targets, ascending. */
  prefixLengths(): readonly number[];
  /** Drops records that changed last at or before this number, for good. */
  drop(upToSeq: number): void;
  all(): readonly PurgeRecord[];
}

/** Rows lie one after the other; slots find a target's row by open addressing. */
interface Rows {
  /** Two words of the hash. */
  readonly words: Uint32Array;
  /** hardSeq, softSeq, previousSoftSeq, softAtMs. */
  readonly marks: Float64Array;
  readonly lengths: Uint16Array;
  /** Row number plus one; 0 is free. Length is a power of two, at most half full. */
  readonly slots: Uint32Array;
}

const LEAST_ROWS = 64;
/** No URL is this long, so a longer prefix matches nothing. */
const LONGEST = 0xffff;

/** @param random in [0, 1): nobody outside may predict which hashes share a slot. */
export function recordTable(random: () => number): RecordTable {
  const hash = slotHash(random);
  let rows = emptyRows(LEAST_ROWS);
  let count = 0;
  let droppedSeq = 0;
  let lengths: readonly number[] | undefined = [];

  function makeRoom(wanted: number): void {
    const before = rows;
    rows = emptyRows(wanted);
    rows.words.set(before.words.subarray(0, count * 2));
    rows.marks.set(before.marks.subarray(0, count * 4));
    rows.lengths.set(before.lengths.subarray(0, count));
    for (let row = 0; row < count; row++)
      rows.slots[slotOf(rows, hash, wordAt(rows, row, 0), wordAt(rows, row, 1))] = row + 1;
  }

  return {
    merge(record) {
      if (changedSeq(record) <= droppedSeq) return;
      if (count === rows.lengths.length) makeRoom(Math.ceil(count * 1.5));
      const [high, low] = [wordOf(record.target, 0), wordOf(record.target, 8)];
      const slot = slotOf(rows, hash, high, low);
      const row = (rows.slots[slot] ?? 0) - 1;
      const into = row < 0 ? count : row;
      if (row < 0) {
        rows.slots[slot] = count + 1;
        rows.words[count * 2] = high;
        rows.words[count * 2 + 1] = low;
        count += 1;
      }
      writeMarks(rows, into, row < 0 ? record : mergedMarks(marksAt(rows, row), record));
      const length = Math.min(record.prefixLength, LONGEST);
      if (length <= (rows.lengths[into] ?? 0)) return;
      rows.lengths[into] = length;
      lengths = undefined;
    },
    marksOf(target) {
      const row = (rows.slots[slotOf(rows, hash, wordOf(target, 0), wordOf(target, 8))] ?? 0) - 1;
      return row < 0 ? undefined : marksAt(rows, row);
    },
    prefixLengths: () => (lengths ??= lengthsOf(rows, count)),
    drop(upToSeq) {
      if (upToSeq <= droppedSeq) return;
      droppedSeq = upToSeq;
      const remaining = moveUp(rows, count, upToSeq);
      if (remaining === count) return;
      count = remaining;
      lengths = undefined;
      makeRoom(Math.max(LEAST_ROWS, Math.ceil(count * 1.25)));
    },
    all: () =>
      Array.from({ length: count }, (_, row) => ({
        target: targetAt(rows, row),
        prefixLength: rows.lengths[row] ?? 0,
        ...marksAt(rows, row),
      })),
  };
}

function emptyRows(capacity: number): Rows {
  return {
    words: new Uint32Array(capacity * 2),
    marks: new Float64Array(capacity * 4),
    lengths: new Uint16Array(capacity),
    slots: new Uint32Array(2 ** Math.ceil(Math.log2(capacity * 2))),
  };
}

type SlotHash = (high: number, low: number) => number;

/**
 * A word whose high bits choose the slot: random odd factors (multiply-shift). A purger chooses tags, so it could choose a hundred
 * thousand whose hashes end alike; without random factors each lookup would walk over all of them.
 */
export function slotHash(random: () => number): SlotHash {
  const [a, b] = [oddWord(random), oddWord(random)];
  return (high, low) => (Math.imul(high, a) + Math.imul(low, b)) >>> 0;
}

function oddWord(random: () => number): number {
  return Math.floor(random() * 2 ** 32) | 1;
}

/** The slot that holds this hash, or would. */
function slotOf({ slots, words }: Rows, hash: SlotHash, high: number, low: number): number {
  const mask = slots.length - 1;
  let slot = hash(high, low) >>> (Math.clz32(slots.length) + 1);
  for (;;) {
    const row = (slots[slot] ?? 0) - 1;
    if (row < 0 || (words[row * 2] === high && words[row * 2 + 1] === low)) return slot;
    slot = (slot + 1) & mask;
  }
}

function wordAt({ words }: Rows, row: number, which: 0 | 1): number {
  return words[row * 2 + which] ?? 0;
}

function targetAt(rows: Rows, row: number): TargetHash {
  return (hex(wordAt(rows, row, 0)) + hex(wordAt(rows, row, 1))) as TargetHash;
}

function marksAt({ marks }: Rows, row: number): PurgeMarks {
  const at = row * 4;
  return {
    hardSeq: marks[at] ?? 0,
    softSeq: marks[at + 1] ?? 0,
    previousSoftSeq: marks[at + 2] ?? 0,
    softAtMs: marks[at + 3] ?? 0,
  };
}

function writeMarks({ marks }: Rows, row: number, { hardSeq, softSeq, previousSoftSeq, softAtMs }: PurgeMarks): void {
  const at = row * 4;
  marks[at] = hardSeq;
  marks[at + 1] = softSeq;
  marks[at + 2] = previousSoftSeq;
  marks[at + 3] = softAtMs;
}

/** Moves rows that changed after `seq` to the front, and returns their number. The slots are invalid afterwards. */
function moveUp(rows: Rows, count: number, seq: number): number {
  let remaining = 0;
  for (let row = 0; row < count; row++) {
    if (Math.max(rows.marks[row * 4] ?? 0, rows.marks[row * 4 + 1] ?? 0) <= seq) continue;
    if (remaining !== row) {
      rows.words.copyWithin(remaining * 2, row * 2, row * 2 + 2);
      rows.marks.copyWithin(remaining * 4, row * 4, row * 4 + 4);
      rows.lengths.copyWithin(remaining, row, row + 1);
    }
    remaining += 1;
  }
  return remaining;
}

function lengthsOf(rows: Rows, count: number): readonly number[] {
  const there = new Set(rows.lengths.subarray(0, count));
  there.delete(0);
  return [...there].toSorted((a, b) => a - b);
}
