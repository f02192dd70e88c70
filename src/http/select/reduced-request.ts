// Owns the reduced request: the few values of each field that a rule declares, for key and origin alike.
import { type ContentCoding, selectCoding } from "./coding.ts";
import { cookiesOf } from "../message/cookies.ts";
import { deviceClass } from "./device.ts";
import type { FieldReader } from "../message/fields.ts";
import { selectLanguage } from "./language.ts";
import { selectMedia } from "./media.ts";

/** The fields that the site's answers vary on. Each list in the site's order of preference; absent where the field is not governed. */
export interface VaryPolicy {
  /** The first is the default. */
  readonly languages: readonly string[] | undefined;
  /** Media types in lower case. */
  readonly media: readonly string[] | undefined;
  readonly encodings: readonly ContentCoding[] | undefined;
  readonly device: boolean;
  /** Which cookies the origin may see; case counts. */
  readonly cookies: ((name: string) => boolean) | undefined;
  /** Field name in lower case -> the values it may have. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** The request fields a policy governs: sorted, lower case. */
export function declaredFields(policy: VaryPolicy): readonly string[] {
  const names = [...policy.headers.keys()];
  if (policy.languages) names.push("accept-language");
  if (policy.media) names.push("accept");
  if (policy.encodings) names.push("accept-encoding");
  if (policy.device) names.push("user-agent");
  if (policy.cookies) names.push("cookie");
  return names.sort();
}

/**
 * Answers governed fields with their reduced value, all others with the client's own. The request to the origin must be read
 * from here, or key and content disagree.
 */
export function reducedReader(field: FieldReader, policy: VaryPolicy): FieldReader {
  // every variant of a resource reads the same few fields again
  const known = new Map<string, string | undefined>();
  return (name) => {
    if (!known.has(name)) known.set(name, reducedValue(name, field(name), policy));
    return known.get(name);
  };
}

function reducedValue(name: string, value: string | undefined, policy: VaryPolicy): string | undefined {
  const { languages, media, encodings, device, cookies } = policy;
  switch (name) {
    case "accept-language":
      return languages ? (selectLanguage(value, languages) ?? languages[0]) : value;
    case "accept":
      return media ? (selectMedia(value, media) ?? "*/*") : value;
    case "accept-encoding":
      return encodings ? selectCoding(value, encodings) : value;
    case "user-agent":
      return device ? deviceClass(value) : value;
    case "cookie":
      return cookies ? namedCookies(value, cookies) : value;
    default: {
      const allowed = policy.headers.get(name);
      return allowed ? oneOf(allowed, value) : value;
    }
  }
}

/** Case and white space around the value do not matter; a value that is not configured counts as absent. */
function oneOf(allowed: readonly string[], value: string | undefined): string | undefined {
  const wanted = value?.trim().toLowerCase();
  return allowed.find((one) => one.toLowerCase() === wanted);
}

/** The pairs that are named, by name; `undefined` where there are none. */
export function namedCookies(value: string | undefined, isNamed: (name: string) => boolean): string | undefined {
  const pairs = cookiesOf(value ?? "").filter(({ name, written }) => name !== "" && written !== name && isNamed(name));
  if (pairs.length === 0) return undefined;
  const sorted = pairs.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return sorted.map((pair) => `${pair.name}=${pair.value}`).join("; ");
}
