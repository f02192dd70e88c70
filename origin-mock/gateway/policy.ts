// Owns the audience of answers: which are stored and for whom, and which leave marked private. Pure.
import { type Answer, fieldOf } from "./answer.ts";
import { CACHE_FIELDS, type Directives, freshSeconds, parseDirectives, policiesOf } from "./cache-control.ts";
import type { Row } from "./lifetimes.ts";
import { tagsOf } from "./tags.ts";

/**
 * "credentialed" has a token or a session cookie, valid or not. The gateway does not guess which answers differ by
 * person.
 */
export type Asker = "anonymous" | "credentialed";

export type Keeping =
  /** `audience`: whether clients with credentials may get it too. */
  | { readonly keep: "shared"; readonly audience: "everyone" | "anonymous"; readonly lifetimeMs: number }
  | { readonly keep: "person"; readonly lifetimeMs: number }
  | { readonly keep: "nothing"; readonly reason: Reason };
type Reason = "status" | "set-cookie" | "forbidden" | "vary" | "not-public" | "no-freshness" | "tags";

type Field = (name: string) => string | undefined;

function membersOf(list: string | undefined): readonly string[] {
  return (list ?? "")
    .split(",")
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");
}

function hasAny(policies: readonly Directives[], ...names: readonly string[]): boolean {
  return policies.some((policy) => names.some((name) => policy.has(name)));
}

/** The governing field says `public`, and no field forbids sharing. */
export function isPublic(field: Field): boolean {
  const policies = policiesOf(field);
  return hasAny(policies.slice(0, 1), "public") && !hasAny(policies, "private", "no-store");
}

/** No shared cache may store it. */
export function isUnshared(field: Field): boolean {
  return hasAny(policiesOf(field).slice(0, 1), "private", "no-store");
}

/** The fields in the key. An answer that varies on any other field is not stored. */
const KEYED: Readonly<Record<Row["audience"], readonly string[]>> = {
  everyone: ["accept-language"],
  // The person in the key stands for both fields.
  person: ["accept-language", "authorization", "cookie"],
};

function lifetimeOf(status: number, row: Row, policies: readonly Directives[], ageSeconds: number): number {
  const [governing] = policies;
  const allowedMs = governing === undefined ? 0 : (freshSeconds(governing) - ageSeconds) * 1_000;
  return Math.max(0, Math.min(status === 404 ? row.missingMs : row.lifetimeMs, allowedMs));
}

export function keepingOf(answer: Answer, row: Row, asker: Asker): Keeping {
  const nothing = (reason: Reason): Keeping => ({ keep: "nothing", reason });
  const field: Field = (name) => fieldOf(answer, name);
  if (answer.status !== 200 && answer.status !== 404) return nothing("status");
  if (field("set-cookie") !== undefined) return nothing("set-cookie");
  if (!membersOf(field("vary")).every((name) => KEYED[row.audience].includes(name))) return nothing("vary");
  if (tagsOf(field("cache-tag")) === undefined) return nothing("tags");
  const policies = policiesOf(field);
  // `private` allows a person's own answer, which has a key of its own.
  if (hasAny(policies, "no-store", "no-cache")) return nothing("forbidden");
  const lifetimeMs = lifetimeOf(answer.status, row, policies, Number(field("age") ?? 0));
  // Also refuses an Age that is no number.
  if (!(lifetimeMs > 0)) return nothing("no-freshness");
  if (row.audience === "person") return { keep: "person", lifetimeMs };
  if (hasAny(policies, "private")) return nothing("forbidden");
  const open = isPublic(field);
  if (asker === "credentialed" && !open) return nothing("not-public");
  return { keep: "shared", audience: open ? "everyone" : "anonymous", lifetimeMs };
}

/** A qualified `private` is about some fields only (RFC 9111 5.2.2.7). An unreadable field says nothing. */
function isForOne(value: string): boolean {
  const policy = parseDirectives(value);
  return policy?.has("no-store") === true || (policy?.has("private") === true && policy.get("private") === undefined);
}

function asPrivate(value: string): string {
  const members = value.split(",").map((member) => member.trim());
  return ["private", ...members.filter((member) => member !== "" && member.toLowerCase() !== "public")].join(", ");
}

function whoseOf(vary: string | undefined): string | undefined {
  const members = membersOf(vary);
  const missing = ["Authorization", "Cookie"].filter((name) => !members.includes(name.toLowerCase()));
  if (members.includes("*") || missing.length === 0) return undefined;
  return [...(members.length === 0 ? [] : [vary]), ...missing].join(", ");
}

/**
 * The fields to set on an answer to a client with credentials: none if it is public. Targeted fields change too,
 * because the edge reads them before Cache-Control (RFC 9213 2.2).
 */
export function confinement(field: Field): readonly (readonly [name: string, value: string])[] {
  if (isPublic(field)) return [];
  const changes = CACHE_FIELDS.flatMap((name) => {
    const value = field(name)?.trim() ?? "";
    if (isForOne(value) || (value === "" && name !== "cache-control")) return [];
    return [[name, asPrivate(value)] as const];
  });
  // A response that nobody stores needs no Vary.
  const stored = !hasAny(
    policiesOf((name) => (name === "cache-control" ? field(name) : undefined)),
    "no-store",
  );
  const vary = stored ? whoseOf(field("vary")) : undefined;
  return vary === undefined ? changes : [...changes, ["vary", vary]];
}
