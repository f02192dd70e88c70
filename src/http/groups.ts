// Owns cache groups: what a response belongs to, and which groups an answer to an unsafe request makes invalid (RFC 9875).
import { parseList } from "structured-headers";
import type { Location, RequestFacts, ResponseFacts } from "./facts.ts";
import type { FieldReader } from "./fields.ts";
import { isSuccessfulChange } from "./invalidation.ts";
import type { Target } from "./target.ts";

/** More than the 32 that every cache has to support; what is beyond is not read (RFC 9875 2). */
const MAX_GROUPS = 100;

/** The groups of a response; none where the field is not a List of Strings. */
export function readGroups(field: FieldReader): readonly string[] {
  return strings(field("cache-groups"));
}

/** What a successful answer to an unsafe request says is invalid (RFC 9875 3). */
export function invalidatedGroups(request: RequestFacts, response: ResponseFacts): readonly Target[] {
  if (!isSuccessfulChange(request, response)) return [];
  return strings(response.field("cache-group-invalidation")).map((group) => groupTarget(request.location, group));
}

/** A group exists within its origin only: another's group of the same name is another group (RFC 9875 2). */
export function groupTarget({ scheme, host }: Location, group: string): Target {
  return { kind: "group", value: `${scheme}://${host} ${group}` };
}

function strings(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  try {
    const items = parseList(value).map(([item]) => item);
    const groups = items.filter((item) => typeof item === "string");
    // a member of another type makes the whole field void
    return groups.length === items.length ? [...new Set(groups)].slice(0, MAX_GROUPS) : [];
  } catch {
    return [];
  }
}
