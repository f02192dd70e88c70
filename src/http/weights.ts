// Owns weighted lists: what Accept, Accept-Language and Accept-Encoding name, each with its q-value (RFC 9110 12.4.2).
import { splitList } from "./fields.ts";

const WEIGHT = /^(?:0?\.\d+|0\.?|1(?:\.0*)?)$/;

/**
 * Member in lower case, with its parameters but without its weight -> weight from 0 to 1. In the order of the field; of
 * duplicates the highest weight counts. A member with a malformed weight neither accepts nor refuses: it is left out.
 */
export function weightsOf(value: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const member of splitList(value.toLowerCase())) {
    const { name, weight } = weighted(member);
    if (name !== "" && weight !== undefined) weights.set(name, Math.max(weight, weights.get(name) ?? 0));
  }
  return weights;
}

function weighted(member: string): { readonly name: string; readonly weight: number | undefined } {
  if (!member.includes(";")) return { name: member, weight: 1 };
  const [first = "", ...parameters] = splitList(member, ";");
  const kept = [first];
  let weight: number | undefined = 1;
  for (const parameter of parameters) {
    const equals = parameter.indexOf("=");
    if (equals < 0 || parameter.slice(0, equals).trim() !== "q") kept.push(parameter);
    else weight = qvalue(parameter.slice(equals + 1).trim());
  }
  return { name: kept.join(";"), weight };
}

function qvalue(text: string): number | undefined {
  return WEIGHT.test(text) ? Number(text) : undefined;
}
