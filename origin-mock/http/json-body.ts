// Owns the reading of JSON request bodies: an object in UTF-8, declared as JSON, that its schema accepts; else a ready answer.
import type { Context } from "hono";
import { type Checked, type Flaw, isRecord } from "../schema.ts";
import type { Parsed } from "./parsed.ts";
import { type Fault, invalid, problem } from "./problem.ts";

type JsonBody =
  | { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "faulty"; readonly fault: Fault }
  | { readonly kind: "refused"; readonly response: Response };

const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** JSON can carry a lone surrogate, and no store can: the stored text would differ from the answer. */
function isUnicode(json: string): boolean {
  return (json.match(STRINGS) ?? []).every((text) => !text.includes("\\") || String(JSON.parse(text)).isWellFormed());
}

function jsonOf(bytes: ArrayBuffer): JsonBody {
  const faulty = (detail: string): JsonBody => ({ kind: "faulty", fault: { in: "body", at: "", detail } });
  let text;
  try {
    // A byte order mark may be ignored (RFC 8259 8.1).
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return faulty("is not UTF-8");
  }
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return faulty("must be a JSON object");
    return isUnicode(text) ? { kind: "object", value } : faulty("has text that is no Unicode");
  } catch {
    return faulty("is not JSON");
  }
}

async function readJsonObject(c: Context): Promise<JsonBody> {
  const refused = (detail: string, headers: Readonly<Record<string, string>>): JsonBody => ({
    kind: "refused",
    response: problem(c, 415, detail, { headers }),
  });
  // Also keeps out other sites' forms, because a browser sends this type across sites only after a preflight.
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return refused("the body must be application/json", { Accept: "application/json" });
  const coding = c.req.header("Content-Encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity") return refused("the body must not be coded", { "Accept-Encoding": "identity" });
  return jsonOf(await c.req.arrayBuffer());
}

type Json = Readonly<Record<string, unknown>>;
type Parse<T> = (value: Json) => Checked<T> | Promise<Checked<T>>;

function inBody({ at, detail }: Flaw): Fault {
  return { in: "body", at, detail };
}

/** The path's part and the body, or a 400 that names every fault of both. A body that cannot be read at all is a 415. */
export async function readPathAndBody<P, T>(
  c: Context,
  path: Parsed<P>,
  parse: Parse<T>,
): Promise<{ readonly path: P; readonly body: T } | Response> {
  const read = await readJsonObject(c);
  if (read.kind === "refused") return read.response;
  const pathFaults = path.ok ? [] : path.faults;
  if (read.kind === "faulty") return invalid(c, [...pathFaults, read.fault]);
  const body = await parse(read.value);
  if (path.ok && body.ok) return { path: path.value, body: body.value };
  return invalid(c, [...pathFaults, ...(body.ok ? [] : body.faults.map(inBody))]);
}

export async function readBody<T>(c: Context, parse: Parse<T>): Promise<{ readonly body: T } | Response> {
  return readPathAndBody(c, { ok: true, value: undefined }, parse);
}
