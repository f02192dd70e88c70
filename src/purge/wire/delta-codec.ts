// Owns a delta of the purge log as bytes: the log's answers, the colo's copy, the snapshot in KV. 19 bytes for a record with all marks set.
import { hashBytes, hex, wordOf } from "../../http/message/hash.ts";
import type { TargetHash } from "../../http/targets/target.ts";
import type { BrowserPurge, Delta, Floor, PurgeRecord } from "./records.ts";
import { type ByteReader, byteReader, type ByteWriter, byteWriter } from "./varint.ts";

/** The last byte is the version of the format. */
const MAGIC = [0x53, 0x70, 0x4c, 0x01];
const CHECKSUM_BYTES = 8;
const MAX_INCARNATION_BYTES = 128;
const EXPECTED_RECORD_BYTES = 20;

/** Members that the records of a section have; the bytes leave out the others. */
const HARD = 1;
const SOFT = 2;
const PREVIOUS = 4;
const PREFIX = 8;
const ALL_MARKS = HARD | SOFT | PREVIOUS | PREFIX;

/**
 * Rounds times of soft purges down to seconds, so an entry becomes stale a moment early, never late. Leaves out marks that the floor
 * already covers.
 */
export function encodeDelta({ incarnation, seq, from, floor, records, browsers }: Delta): Uint8Array<ArrayBuffer> {
  const writer = byteWriter(256 + records.length * EXPECTED_RECORD_BYTES);
  for (const byte of MAGIC) writer.byte(byte);
  const name = new TextEncoder().encode(incarnation);
  writer.varint(name.length);
  writer.bytes(name);
  for (const number of [seq, from, ...floorNumbers(floor)]) writer.varint(number);
  const all = [...records.map((record) => needed(record, floor)), ...browsers.map(asRecord)];
  const sections = Map.groupBy(all, shapeOf);
  writer.varint(sections.size);
  for (const [shape, among] of [...sections].toSorted(([a], [b]) => a - b)) writeSection(writer, shape, among);
  const content = writer.written();
  writeHash(writer, hashBytes(content));
  return writer.written();
}

/** `undefined` for anything but a delta in this version of the format. */
export function decodeDelta(bytes: Uint8Array): Delta | undefined {
  const content = bytes.subarray(0, -CHECKSUM_BYTES);
  const end = byteReader(bytes.subarray(content.length));
  if (content.length < MAGIC.length || hashBytes(content) !== hex(end.uint32()) + hex(end.uint32())) return undefined;
  const reader = byteReader(content);
  if (MAGIC.some((byte) => reader.byte() !== byte)) return undefined;
  const incarnation = text(reader);
  const seq = reader.varint();
  const from = reader.varint();
  const floor = readFloor(reader);
  const found: Found = { records: [], browsers: [] };
  const sections = reader.varint();
  for (let i = 0; i < sections; i++) if (!readSection(reader, found)) return undefined;
  const isWhole = reader.sound() && reader.left() === 0;
  return incarnation !== undefined && isWhole ? { incarnation, seq, from, floor, ...found } : undefined;
}

interface Found {
  readonly records: PurgeRecord[];
  readonly browsers: BrowserPurge[];
}

/**
 * A browser purge crosses as a record that is hard and soft under one number. No target's record is, because an order has one mode. The
 * release before knows no other form (docs/decisions/025).
 */
function asRecord({ target, epoch, seq }: BrowserPurge): PurgeRecord {
  return { target, prefixLength: 0, hardSeq: seq, softSeq: seq, previousSoftSeq: 0, softAtMs: epoch * 1000 };
}

function floorNumbers(floor: Floor): readonly number[] {
  const { hardSeq, softSeq, previousSoftSeq, softAtMs, seq, jitterSeq, roseAtMs } = floor;
  return [hardSeq, softSeq, previousSoftSeq, softAtMs, seq, jitterSeq, roseAtMs];
}

function readFloor({ varint }: ByteReader): Floor {
  const marks = { hardSeq: varint(), softSeq: varint(), previousSoftSeq: varint(), softAtMs: varint() };
  return { ...marks, seq: varint(), jitterSeq: varint(), roseAtMs: varint() };
}

/** Without marks that make no verdict stricter than the floor does. */
function needed(record: PurgeRecord, floor: Floor): PurgeRecord {
  const { hardSeq, softSeq, previousSoftSeq, softAtMs } = record;
  const unsure = Math.max(floor.hardSeq, floor.previousSoftSeq);
  const isSoft = softSeq > unsure;
  return {
    ...record,
    hardSeq: hardSeq > floor.hardSeq ? hardSeq : 0,
    softSeq: isSoft ? softSeq : 0,
    previousSoftSeq: isSoft && previousSoftSeq > unsure ? previousSoftSeq : 0,
    softAtMs: isSoft ? softAtMs : 0,
  };
}

function shapeOf({ hardSeq, softSeq, previousSoftSeq, prefixLength }: PurgeRecord): number {
  return (
    (hardSeq === 0 ? 0 : HARD) |
    (softSeq === 0 ? 0 : SOFT) |
    (previousSoftSeq === 0 ? 0 : PREVIOUS) |
    (prefixLength === 0 ? 0 : PREFIX)
  );
}

/** Sorted by number, so that the differences are small. */
function writeSection(writer: ByteWriter, shape: number, among: readonly PurgeRecord[]): void {
  const lead = ({ softSeq, hardSeq }: PurgeRecord): number => (shape & SOFT ? softSeq : hardSeq);
  const sorted = among.toSorted((a, b) => lead(a) - lead(b) || (a.target < b.target ? -1 : 1));
  writer.byte(shape);
  writer.varint(sorted.length);
  let before = 0;
  let beforeSeconds = 0;
  for (const record of sorted) {
    writeHash(writer, record.target);
    if (shape & PREFIX) writer.varint(record.prefixLength);
    writer.varint(lead(record) - before);
    before = lead(record);
    if (!(shape & SOFT)) continue;
    const seconds = Math.floor(record.softAtMs / 1000);
    writer.signed(seconds - beforeSeconds);
    beforeSeconds = seconds;
    if (shape & HARD) writer.signed(record.softSeq - record.hardSeq);
    if (shape & PREVIOUS) writer.signed(record.softSeq - record.previousSoftSeq);
  }
}

function writeHash(writer: ByteWriter, hash: string): void {
  writer.uint32(wordOf(hash, 0));
  writer.uint32(wordOf(hash, 8));
}

/** False where the bytes are no section. */
function readSection(reader: ByteReader, { records, browsers }: Found): boolean {
  const shape = reader.byte();
  if (shape > ALL_MARKS) return false;
  const count = reader.varint();
  let lead = 0;
  let seconds = 0;
  for (let i = 0; i < count; i++) {
    const target = (hex(reader.uint32()) + hex(reader.uint32())) as TargetHash;
    const prefixLength = shape & PREFIX ? reader.varint() : 0;
    lead += reader.varint();
    const isSoft = (shape & SOFT) !== 0;
    if (isSoft) seconds += reader.signed();
    const apart = isSoft && shape & HARD ? reader.signed() : 0;
    const hardSeq = shape & HARD ? lead - apart : 0;
    const previousSoftSeq = isSoft && shape & PREVIOUS ? lead - reader.signed() : 0;
    if (!reader.sound() || seconds < 0 || hardSeq < 0 || previousSoftSeq < 0) return false;
    if (isSoft && hardSeq === lead) browsers.push({ target, epoch: seconds, seq: lead });
    else
      records.push({
        target,
        prefixLength,
        hardSeq,
        softSeq: isSoft ? lead : 0,
        previousSoftSeq,
        softAtMs: seconds * 1000,
      });
  }
  return true;
}

function text(reader: ByteReader): string | undefined {
  const length = reader.varint();
  if (length > MAX_INCARNATION_BYTES) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(reader.bytes(length));
  } catch {
    return undefined;
  }
}
