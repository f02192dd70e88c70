// Owns cache groups: the groups of a response, and the groups that an answer to an unsafe request makes invalid (RFC 9875).
import { parseList } from "structured-headers";
import type { Location, RequestFacts, ResponseFacts } from "../message/facts.ts";
import type { FieldReader } from "../message/fields.ts";
import { isSuccessfulChange } from "./invalidation.ts";
import type { Target } from "./target.ts";

/** As many as one order may purge. With more, the whole host is purged, because a group that is not read would stay. */
const MAX_GROUPS = 1000;

/** The groups of a response, which count as tags (see tags.ts); none where the field is not a List of Strings. */
export function readGroups(field: FieldReader): readonly string[] {
  return strings(field("cache-groups"));
}

/** Groups that a successful answer to an unsafe request declares invalid (RFC 9875 3). */
export function invalidatedGroups(request: RequestFacts, response: ResponseFacts): readonly Target[] {
  if (!isSuccessfulChange(request, response)) return [];
  const groups = strings(response.field("cache-group-invalidation"));
  if (groups.length > MAX_GROUPS) return [{ kind: "host", value: request.location.host }];
  return groups.map((group) => groupTarget(request.location, group));
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
    return groups.length === items.length ? [...new Set(groups)] : [];
  } catch {
    return [];
  }
}
