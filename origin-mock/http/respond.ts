// Owns successful answers to reads: headers, validators, and the 304 when the client already has it.
import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { Locale } from "../catalogue/locale.ts";
import type { FieldReader } from "../../src/http/message/fields.ts";
import { judge, type Validators, type Verdict } from "./conditional.ts";
import { problem } from "./problem.ts";

export function fieldsOf(c: Context): FieldReader {
  return (name) => c.req.header(name);
}

export function judgeRequest(c: Context, current: Validators): Verdict {
  return judge(c.req.method, fieldsOf(c), current, Date.now());
}

/** A strong entity tag for bytes that have no version of their own. */
export function contentETag(body: string | Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
}

export function validatorFields({ etag, lastModified }: Validators): Readonly<Record<string, string>> {
  return { ETag: etag, ...(lastModified === undefined ? {} : { "Last-Modified": lastModified }) };
}

export interface Representation {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** For texts in a language. A 304 does not repeat it. */
  readonly language?: Locale;
  readonly validators: Validators;
  /** Sent on a 304 too (RFC 9110 15.4.5): cache policy, tags, Vary. */
  readonly headers: Readonly<Record<string, string>>;
}

export function respond(c: Context, representation: Representation): Response {
  const { body, contentType, language, validators, headers } = representation;
  const all = { ...headers, ...validatorFields(validators) };
  switch (judgeRequest(c, validators)) {
    case "not-modified":
      return c.body(null, 304, all);
    case "precondition-failed":
      return problem(c, 412, "the representation is not the one the condition names");
    case "proceed":
      return c.body(body, 200, {
        ...all,
        "Content-Type": contentType,
        ...(language === undefined ? {} : { "Content-Language": language }),
        // Set here, so that HEAD has it too.
        "Content-Length": String(typeof body === "string" ? Buffer.byteLength(body) : body.byteLength),
      });
  }
}

export const JSON_TYPE = "application/json";
