// Owns preconditions (RFC 9110 section 13): what a request's conditions mean for what it would get. Pure.
import { dateMs, wholeSeconds } from "./date.ts";

export type Conditions = Readonly<
  Record<"ifMatch" | "ifNoneMatch" | "ifModifiedSince" | "ifUnmodifiedSince", string | undefined>
>;
export interface Validators {
  readonly etag: string;
  readonly lastModifiedMs?: number;
}
export type Verdict = "proceed" | "not-modified" | "precondition-failed";

// One list member: optional weakness, then an opaque tag (13.1.1, 8.8.3).
const MEMBER = /[ \t]*(W\/)?("[\x21\x23-\x7e\x80-\uffff]*")[ \t]*(?:,|$)|[ \t]*,/y;

/** Undefined when the field is not a list of entity tags. */
function entityTags(field: string): readonly { readonly weak: boolean; readonly tag: string }[] | undefined {
  const tags: { weak: boolean; tag: string }[] = [];
  MEMBER.lastIndex = 0;
  while (MEMBER.lastIndex < field.length) {
    if (/^[ \t]*$/.test(field.slice(MEMBER.lastIndex))) break;
    const member = MEMBER.exec(field);
    if (member === null) return undefined;
    const tag = member[2];
    if (tag !== undefined) tags.push({ weak: member[1] !== undefined, tag });
  }
  return tags;
}

function isAny(field: string): boolean {
  return field.trim() === "*";
}
function opaque(etag: string): string {
  return etag.replace(/^W\//, "");
}

function matchesWeakly(field: string, etag: string): boolean {
  return isAny(field) || (entityTags(field)?.some(({ tag }) => tag === opaque(etag)) ?? false);
}

function matchesStrongly(field: string, etag: string): boolean {
  return (
    isAny(field) ||
    (!etag.startsWith("W/") && (entityTags(field)?.some(({ weak, tag }) => !weak && tag === etag) ?? false))
  );
}

/** In the order of 13.2.2. `current` describes what is there now. */
export function judge(method: string, conditions: Conditions, current: Validators): Verdict {
  const reading = method === "GET" || method === "HEAD";
  const { ifMatch, ifNoneMatch } = conditions;
  const modifiedMs = current.lastModifiedMs === undefined ? undefined : wholeSeconds(current.lastModifiedMs);
  if (ifMatch !== undefined) {
    if (!matchesStrongly(ifMatch, current.etag)) return "precondition-failed";
  } else if (conditions.ifUnmodifiedSince !== undefined && modifiedMs !== undefined) {
    const since = dateMs(conditions.ifUnmodifiedSince);
    if (since !== undefined && modifiedMs > since) return "precondition-failed";
  }
  if (ifNoneMatch !== undefined) {
    if (!matchesWeakly(ifNoneMatch, current.etag)) return "proceed";
    return reading ? "not-modified" : "precondition-failed";
  }
  if (reading && conditions.ifModifiedSince !== undefined && modifiedMs !== undefined) {
    const since = dateMs(conditions.ifModifiedSince);
    if (since !== undefined && modifiedMs <= since) return "not-modified";
  }
  return "proceed";
}
