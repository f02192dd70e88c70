// Owns what a feature flag is, and whether it is on for somebody. Pure.
import { createHash } from "node:crypto";
import { isRecord } from "../catalogue/product.ts";

export interface Flag {
  readonly name: string;
  /** Per cent of all subjects, 0 to 100. */
  readonly rollout: number;
  /** Decides which subjects come first: flags with one salt go to the same people. */
  readonly salt: string;
  /** Subjects for whom it is decided already. */
  readonly overrides: Readonly<Record<string, boolean>>;
}
export interface FlagFault {
  readonly at: string;
  readonly detail: string;
}
export type ParsedFlag =
  | { readonly ok: true; readonly flag: Flag }
  | { readonly ok: false; readonly faults: readonly FlagFault[] };

const NAME = /^[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const MOST_OVERRIDES = 1_000;
const LONGEST_TEXT = 200;

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT;
}

function faultsOf({ name, rollout, salt, overrides }: Readonly<Record<string, unknown>>): readonly FlagFault[] {
  const faults: FlagFault[] = [];
  if (typeof name !== "string" || !NAME.test(name)) {
    faults.push({ at: "/name", detail: "must be lower-case letters, digits and hyphens, a letter first, at most 64" });
  }
  if (typeof rollout !== "number" || !(rollout >= 0 && rollout <= 100)) {
    faults.push({ at: "/rollout", detail: "must be a number from 0 to 100" });
  }
  if (!isText(salt)) faults.push({ at: "/salt", detail: `must be text of 1 to ${LONGEST_TEXT} characters` });
  const entries = isRecord(overrides) ? Object.entries(overrides) : undefined;
  const fitting = entries?.every(([subject, on]) => isText(subject) && typeof on === "boolean");
  if (entries === undefined || fitting !== true || entries.length > MOST_OVERRIDES) {
    faults.push({
      at: "/overrides",
      detail: `must be an object of at most ${MOST_OVERRIDES} subjects, each true or false`,
    });
  }
  return faults;
}

export function parseFlag(value: unknown): ParsedFlag {
  if (!isRecord(value)) return { ok: false, faults: [{ at: "", detail: "must be an object" }] };
  const faults = faultsOf(value);
  if (faults.length > 0) return { ok: false, faults };
  const overrides = Object.entries(isRecord(value["overrides"]) ? value["overrides"] : {});
  const flag: Flag = {
    name: String(value["name"]),
    rollout: Number(value["rollout"]),
    salt: String(value["salt"]),
    overrides: Object.fromEntries(overrides.map(([subject, on]) => [subject, on === true])),
  };
  return { ok: true, flag };
}

const BUCKETS = 2 ** 32;

/** Where a subject stands, in [0, 100): it is on as soon as the rollout has passed it, and stays on when that rises. */
function percentileOf(salt: string, subject: string): number {
  return (
    // As JSON, so that no other pair has the same text.
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
