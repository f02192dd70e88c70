// Owns the reading of JSON request bodies: declared as JSON, parsed, an object; else a ready answer.
import type { Context } from "hono";
import { isRecord } from "../catalogue/product.ts";
import { problem } from "./problem.ts";
import type { Fault } from "./problem.ts";

export type JsonBody =
  | { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "faulty"; readonly fault: Fault }
  | { readonly kind: "refused"; readonly response: Response };

export const readJsonObject = async (c: Context): Promise<JsonBody> => {
  // Also keeps other sites' forms out: a browser sends this type across sites only after asking.
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { kind: "refused", response: problem(c, 415, "the body must be application/json") };
  }
  const text = await c.req.text();
  const faulty = (detail: string): JsonBody => ({ kind: "faulty", fault: { in: "body", at: "", detail } });
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? { kind: "object", value } : faulty("must be a JSON object");
  } catch {
    return faulty("is not JSON");
  }
};
