// Owns the definition of a feature flag, and whether it is on for a person. Pure.
import { createHash } from "node:crypto";
import * as v from "valibot";
import { check, type Checked, isRecord } from "../schema.ts";

const MOST_OVERRIDES = 1_000;
const LONGEST_TEXT = 200;

const SALT = `must be text of 1 to ${LONGEST_TEXT} characters`;
const saltText = v.pipe(v.string(SALT), v.minLength(1, SALT), v.maxLength(LONGEST_TEXT, SALT));

function isOverrides(value: unknown): value is Readonly<Record<string, boolean>> {
  if (!isRecord(value) || Object.keys(value).length > MOST_OVERRIDES) return false;
  return Object.entries(value).every(([subject, on]) => v.is(saltText, subject) && typeof on === "boolean");
}

export const FLAG = {
  name: v.pipe(
    v.string(),
    v.regex(
      /^[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
      "must be lower-case letters, digits and hyphens, a letter first, at most 64",
    ),
  ),
  /** Per cent of all subjects. */
  rollout: v.custom<number>(
    (value) => typeof value === "number" && value >= 0 && value <= 100,
    "must be a number from 0 to 100",
  ),
  /** Decides which subjects come first: flags with the same salt go to the same people. */
  salt: saltText,
  /** Subjects with a fixed decision. */
  overrides: v.custom<Readonly<Record<string, boolean>>>(
    isOverrides,
    `must be an object of at most ${MOST_OVERRIDES} subjects, each true or false`,
  ),
};
export type Flag = Readonly<v.InferOutput<v.ObjectSchema<typeof FLAG, undefined>>>;

export function parseFlag(value: unknown): Checked<Flag> {
  return isRecord(value) ? check(FLAG, value) : { ok: false, faults: [{ at: "", detail: "must be an object" }] };
}

const BUCKETS = 2 ** 32;

/**
 * A subject's place in [0, 100). The flag is on once the rollout has passed it, and stays on while the rollout rises.
 */
function percentileOf(salt: string, subject: string): number {
  return (
    // As JSON, so that no other pair has this text.
    (createHash("sha256")
      .update(JSON.stringify([salt, subject]))
      .digest()
      .readUInt32BE(0) /
      BUCKETS) *
    100
  );
}

export function isOnFor(flag: Flag, subject: string): boolean {
  const decided = Object.hasOwn(flag.overrides, subject) ? flag.overrides[subject] : undefined;
  return decided ?? percentileOf(flag.salt, subject) < flag.rollout;
}
