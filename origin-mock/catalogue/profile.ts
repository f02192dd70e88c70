// Owns the rules of a person's profile: how a cached value becomes one, and what may be changed in it. Finds every fault.
import type { Profile, ProfileChanges } from "../db/users.ts";
import { type Fault, pointer } from "../http/problem.ts";
import { isRecord } from "./product.ts";

const LONGEST_NAME = 100;
const LONGEST_EMAIL = 254;
// Not the grammar of RFC 5321: what no address is without. Whether mail arrives only sending some would tell.
const EMAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;

export function parseProfile(value: unknown): Profile | undefined {
  if (!isRecord(value)) return undefined;
  const { username, display_name, email, version } = value;
  if (typeof username !== "string" || typeof display_name !== "string") return undefined;
  return typeof email === "string" && typeof version === "number"
    ? { username, display_name, email, version }
    : undefined;
}

function faultOf(name: string, value: unknown): string | undefined {
  switch (name) {
    case "display_name":
      return typeof value === "string" && value.trim() !== "" && value.length <= LONGEST_NAME && !/\p{Cc}/u.test(value)
        ? undefined
        : `must be text of 1 to ${LONGEST_NAME} characters, none of them for control`;
    case "email":
      return typeof value === "string" && value.length <= LONGEST_EMAIL && EMAIL.test(value)
        ? undefined
        : `must be an address of at most ${LONGEST_EMAIL} characters`;
    default:
      return "is not a field that can be changed";
  }
}

export function parseProfileChanges(body: Readonly<Record<string, unknown>>): {
  readonly changes: ProfileChanges;
  readonly faults: readonly Fault[];
} {
  const faults = Object.entries(body).flatMap(([name, value]): readonly Fault[] => {
    const detail = faultOf(name, value);
    return detail === undefined ? [] : [{ in: "body", at: pointer(name), detail }];
  });
  if (Object.keys(body).length === 0) {
    return { changes: {}, faults: [{ in: "body", at: "", detail: "must have display_name or email" }] };
  }
  const { display_name, email } = body;
  const changes = {
    ...(typeof display_name === "string" ? { display_name } : {}),
    ...(typeof email === "string" ? { email } : {}),
  };
  return { changes, faults };
}
