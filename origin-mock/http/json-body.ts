// Owns the reading of JSON request bodies: declared as JSON, in UTF-8, parsed, an object; else a ready answer.
import type { Context } from "hono";
import { isRecord } from "../catalogue/product.ts";
import { type Fault, problem } from "./problem.ts";

export type JsonBody =
  | { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "faulty"; readonly fault: Fault }
  | { readonly kind: "refused"; readonly response: Response };

const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** Half a pair of surrogates can be written in JSON and kept nowhere: what is stored would not be what was answered. */
function isUnicode(json: string): boolean {
  return (json.match(STRINGS) ?? []).every((text) => !text.includes("\\") || String(JSON.parse(text)).isWellFormed());
}

function parse(bytes: ArrayBuffer): JsonBody {
  const faulty = (detail: string): JsonBody => ({ kind: "faulty", fault: { in: "body", at: "", detail } });
  let text;
  try {
    // RFC 8259 8.1; a byte order mark may be ignored, and is.
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

export async function readJsonObject(c: Context): Promise<JsonBody> {
  const refused = (detail: string, headers: Readonly<Record<string, string>>): JsonBody => ({
    kind: "refused",
    response: problem(c, 415, detail, { headers }),
  });
  // Also keeps other sites' forms out: a browser sends this type across sites only after asking.
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return refused("the body must be application/json", { Accept: "application/json" });
  const coding = c.req.header("Content-Encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity") return refused("the body must not be coded", { "Accept-Encoding": "identity" });
  return parse(await c.req.arrayBuffer());
}
