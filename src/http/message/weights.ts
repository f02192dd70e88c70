// Owns weighted lists: the members of Accept, Accept-Language and Accept-Encoding, each with its q-value (RFC 9110 12.4.2).
import { splitList } from "./fields.ts";

export interface WeightedMember {
  /** In lower case, with its parameters but without its weight. */
  readonly name: string;
  /** From 0 to 1; `undefined` where it is malformed. */
  readonly weight: number | undefined;
}

/** Browsers name a dozen. */
const MAX_MEMBERS = 64;

/** The digits after the point that a number prints as it was written. More than the three of the RFC do no harm. */
const WEIGHT = /^(?:0?\.\d{1,6}|0\.?|1(?:\.0*)?)$/;

/** In the order of the field; `undefined` where it has more members than any browser sends: such a list is not read at all. */
export function weightedMembers(value: string): readonly WeightedMember[] | undefined {
  const members = splitList(value.toLowerCase());
  return members.length > MAX_MEMBERS ? undefined : members.map(weighted).filter(({ name }) => name !== "");
}

/**
 * Name -> weight, in the order of the field; of duplicates the highest weight counts. A member with a malformed weight neither
 * accepts nor refuses: it is left out. A list that is too long counts as empty.
 */
export function weightsOf(value: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of weightedMembers(value) ?? []) {
    if (weight !== undefined) weights.set(name, Math.max(weight, weights.get(name) ?? 0));
  }
  return weights;
}

function weighted(member: string): WeightedMember {
  if (!member.includes(";")) return { name: member, weight: 1 };
  const [first = "", ...parameters] = splitList(member, ";");
  const kept = [first];
  let weight: number | undefined = 1;
  for (const parameter of parameters) {
    const text = /^q\s*=\s*(.*)$/s.exec(parameter)?.[1];
    if (text === undefined) kept.push(parameter.replace(/\s*=\s*/, "="));
    else weight = WEIGHT.test(text) ? Number(text) : undefined;
  }
  return { name: kept.join(";"), weight };
}
