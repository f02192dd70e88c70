// Owns the full list of problems of a value: a strict object names one unknown member at a time, but people want them all.
import * as v from "valibot";

type Issue = v.BaseIssue<unknown>;
type Checked<Schema extends v.GenericSchema> =
  | { readonly ok: true; readonly output: v.InferOutput<Schema> }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Unknown members named at most: each costs another validation of the whole. */
const MAX_UNKNOWN = 100;

export function check<const Schema extends v.GenericSchema>(schema: Schema, input: unknown): Checked<Schema> {
  const unknown: Issue[] = [];
  let rest = input;
  for (;;) {
    const parsed = v.safeParse(schema, rest);
    if (parsed.success && unknown.length === 0) return { ok: true, output: parsed.output };
    const issues: readonly Issue[] = parsed.issues ?? [];
    const found = issues.filter(isUnknownMember);
    if (found.length === 0 || unknown.length >= MAX_UNKNOWN) return { ok: false, issues: [...unknown, ...issues] };
    unknown.push(...found);
    for (const { path } of found) rest = without(rest, path ?? []);
  }
}

export function isUnknownMember(issue: Issue): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

/** A copy that lacks the member at `path`. */
function without(value: unknown, path: readonly v.IssuePathItem[]): unknown {
  const [first, ...deeper] = path;
  if (!first || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === first.key ? without(item, deeper) : item));
  const members = Object.entries(value).filter(([name]) => deeper.length > 0 || name !== first.key);
  return Object.fromEntries(members.map(([name, item]) => [name, name === first.key ? without(item, deeper) : item]));
}
