// Owns the ranges of a body of ten bytes, with the answer that each one gets.
import { answer } from "./edge.ts";
import { TEN } from "./ranged.ts";

const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };

export type Row = readonly [range: string, status: number, contentRange: string | null, body: string];

export const FROM_START: readonly Row[] = [
  ["bytes=0-1", 206, "bytes 0-1/10", "01"],
  ["bytes=0-0", 206, "bytes 0-0/10", "0"],
  ["bytes=4-6", 206, "bytes 4-6/10", "456"],
  ["bytes=9-9", 206, "bytes 9-9/10", "9"],
  ["bytes=4-", 206, "bytes 4-9/10", "456789"],
  ["bytes=0-", 206, "bytes 0-9/10", TEN],
  ["bytes=8-99", 206, "bytes 8-9/10", "89"],
  ["bytes=0-99999999999999999999", 206, "bytes 0-9/10", TEN],
  ["BYTES=0-1", 206, "bytes 0-1/10", "01"],
  ["bytes=0-1,", 206, "bytes 0-1/10", "01"],
  ["bytes=10-", 416, "bytes */10", ""],
  ["bytes=10-20", 416, "bytes */10", ""],
];

export const FROM_ELSEWHERE: readonly Row[] = [
  ["bytes=-3", 206, "bytes 7-9/10", "789"],
  ["bytes=-1", 206, "bytes 9-9/10", "9"],
  ["bytes=-10", 206, "bytes 0-9/10", TEN],
  ["bytes=-99", 206, "bytes 0-9/10", TEN],
  ["bytes=-0", 416, "bytes */10", ""],
  ["bytes=99999999999999999999-", 416, "bytes */10", ""],
];

export const IGNORED = [
  "bytes=0-1,3-4",
  "bytes=0-1, -1",
  "bytes=5-2",
  "bytes=a-b",
  "bytes=-",
  "bytes=--1",
  "bytes=1-2-3",
  "bytes=",
  "bytes",
  "bytes 0-1",
  "bytes=0x0-1",
  "bytes=1.0-2",
  "bytes=+1-2",
  "items=0-1",
  "seconds=0-1",
];

export const whole = () => answer(TEN, { ...CACHED, "content-length": "10" });
