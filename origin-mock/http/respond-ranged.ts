// Owns answers with byte ranges: 200, 206, 304 and 416. Bodies are streamed, so size costs no memory.
import type { Context } from "hono";
import { rangeApplies } from "../../src/http/message/conditional.ts";
import type { FieldReader } from "../../src/http/message/fields.ts";
import { contentRange, requestedRange, resolvedRange, unsatisfiedRange } from "../../src/http/message/range.ts";
import type { Validators } from "./conditional.ts";
import { problem } from "./problem.ts";
import { fieldsOf, judgeRequest, validatorFields } from "./respond.ts";

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

type RangeVerdict =
  | { readonly kind: "whole" | "unsatisfiable" }
  /** Both ends included, as in Content-Range. */
  | { readonly kind: "part"; readonly first: number; readonly last: number };

/** The bytes that a request asks for (14.2), once its preconditions hold (13.2.2). `sizeBytes` > 0. */
export function judgeRange(
  method: string,
  field: FieldReader,
  current: Validators & { readonly sizeBytes: number },
  nowMs: number,
): RangeVerdict {
  const requested = requestedRange(method, field);
  // No representation here changes twice within one second, so its date is a strong validator (8.8.2.2).
  const validators = { ...current, dateMs: Number.POSITIVE_INFINITY };
  if (requested === undefined || !rangeApplies(field, validators, false, nowMs)) return { kind: "whole" };
  const range = resolvedRange(requested, current.sizeBytes);
  return range === undefined ? { kind: "unsatisfiable" } : { kind: "part", ...range };
}

export function respondRanged(c: Context, representation: RangedRepresentation): Response {
  const { contentType, sizeBytes, validators } = representation;
  const headers = { ...representation.headers, ...validatorFields(validators), "Accept-Ranges": "bytes" };
  const verdict = judgeRequest(c, validators);
  if (verdict === "not-modified") return c.body(null, 304, headers);
  if (verdict === "precondition-failed")
    return problem(c, 412, "the representation is not the one the condition names");

  const range = judgeRange(c.req.method, fieldsOf(c), { ...validators, sizeBytes }, Date.now());
  switch (range.kind) {
    case "unsatisfiable":
      return problem(c, 416, `there are ${sizeBytes} bytes`, {
        headers: { "Content-Range": unsatisfiedRange(sizeBytes) },
      });
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
        "Content-Range": contentRange(range, sizeBytes),
      });
  }
}
