// Owns a person's profile, and the rules for changing it. Finds every fault.
import * as v from "valibot";
import { check, type Checked, line, parserOf } from "../schema.ts";

const LONGEST_NAME = 100;
const LONGEST_EMAIL = 254;

const profile = v.object({
  username: v.string(),
  display_name: v.string(),
  email: v.string(),
  version: v.number(),
});
export type Profile = Readonly<v.InferOutput<typeof profile>>;

const EMAIL = `must be an address of at most ${LONGEST_EMAIL} characters`;
const CHANGES = {
  display_name: v.exactOptional(line(LONGEST_NAME)),
  // Only sending mail would tell whether an address works, so this checks no more than the parts that every one has.
  email: v.exactOptional(
    v.pipe(v.string(EMAIL), v.maxLength(LONGEST_EMAIL, EMAIL), v.regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, EMAIL)),
  ),
};
export type ProfileChanges = Readonly<Partial<Pick<Profile, "display_name" | "email">>>;

export const parseProfile: (value: unknown) => Profile | undefined = parserOf(profile);

export function parseProfileChanges(body: Readonly<Record<string, unknown>>): Checked<ProfileChanges> {
  const isEmpty = Object.keys(body).length === 0;
  if (isEmpty) return { ok: false, faults: [{ at: "", detail: "must have display_name or email" }] };
  return check(CHANGES, body, "is not a field that can be changed");
}
