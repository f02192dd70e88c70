// Owns problem details for the admin endpoints (RFC 9457).
import type * as v from "valibot";
import { isUnknownMember } from "../policy/issues.ts";
import { jsonAnswer } from "./json-answer.ts";

/** One thing wrong with a request body; `pointer` is a JSON pointer into it (RFC 6901). */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
}

export function problemResponse(
  status: number,
  title: string,
  errors: readonly Problem[] = [],
  headers: HeadersInit = {},
): Response {
  const body = { type: "about:blank", title, status, ...(errors.length > 0 && { errors }) };
  const response = jsonAnswer(body, status, headers);
  response.headers.set("content-type", "application/problem+json");
  return response;
}

/** An issue of a schema, with its place. */
export function asProblem(issue: v.BaseIssue<unknown>): Problem {
  const keys = issue.path?.map(({ key }) => String(key).replaceAll("~", "~0").replaceAll("/", "~1")) ?? [];
  const pointer = keys.map((key) => `/${key}`).join("");
  if (pointer === "") return { pointer, detail: "must be a JSON object" };
  if (isUnknownMember(issue)) return { pointer, detail: "unknown member" };
  return { pointer, detail: issue.input === undefined ? "is missing" : issue.message };
}
