// Owns answers made of bytes that may be asked for in part: 200, 206, 304, 416; streamed, so that size costs no memory.
import type { Context } from "hono";
import { judge, type Validators } from "./conditional.ts";
import { problem } from "./problem.ts";
import { judgeRange } from "./range.ts";
import { conditionsOf, validatorFields } from "./respond.ts";

export interface RangedRepresentation {
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Bytes `from` up to, not including, `to`. */
  readonly read: (from: number, to: number) => Uint8Array<ArrayBuffer>;
  readonly validators: Validators;
  readonly headers: Readonly<Record<string, string>>;
}

const CHUNK_BYTES = 64 * 1024;

/** Makes a chunk when the client has room for it, and stops when the client leaves. */
function streamed(
  { read }: Pick<RangedRepresentation, "read">,
  from: number,
  to: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = from;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        const end = Math.min(to, at + CHUNK_BYTES);
        controller.enqueue(read(at, end));
        at = end;
        if (at === to) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

export function respondRanged(c: Context, representation: RangedRepresentation): Response {
  const { contentType, sizeBytes, validators } = representation;
  const headers = { ...representation.headers, ...validatorFields(validators), "Accept-Ranges": "bytes" };
  const verdict = judge(c.req.method, conditionsOf(c), validators);
  if (verdict === "not-modified") return c.body(null, 304, headers);
  if (verdict === "precondition-failed")
    return problem(c, 412, "the representation is not the one the condition names");

  const fields = { range: c.req.header("Range"), ifRange: c.req.header("If-Range") };
  const range = judgeRange(c.req.method, fields, { ...validators, sizeBytes });
  switch (range.kind) {
    case "unsatisfiable":
      return problem(c, 416, `there are ${sizeBytes} bytes`, { headers: { "Content-Range": `bytes */${sizeBytes}` } });
    case "whole":
      return c.body(streamed(representation, 0, sizeBytes), 200, {
        ...headers,
        "Content-Type": contentType,
        "Content-Length": String(sizeBytes),
      });
    case "part":
      return c.body(streamed(representation, range.first, range.last + 1), 206, {
        ...headers,
        "Content-Type": contentType,
        "Content-Length": String(range.last + 1 - range.first),
        "Content-Range": `bytes ${range.first}-${range.last}/${sizeBytes}`,
      });
  }
}
