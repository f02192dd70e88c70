// Owns the group of a cookie: by the site's own lists, then by the known lists, then by the shape of its value.
import { boundedMap } from "../base/bounded-map.ts";
import type { CookieGroup, CookieGroups } from "../http/message/cookies.ts";
import { anyPatternTest } from "../http/message/pattern.ts";
import { HARMLESS_COOKIES, PREVIEW_COOKIES, SESSION_COOKIES, TRACKER_COOKIES } from "./cookie-lists.ts";
import { type NameList, namesOf } from "./name-list.ts";

export interface CookieLists {
  readonly cookies?: NameList | undefined;
  readonly harmless?: NameList | undefined;
  readonly preview?: NameList | undefined;
}

/** Browsers send the same few names again and again; an attacker's inventions must not fill the memory. */
const MAX_REMEMBERED = 1000;

/** A prefix that the browser enforces says nothing of the cookie's meaning (RFC 6265bis 4.1.3). */
const PREFIX = /^__(?:host-http|host|secure|http)-/;

/** A site's additions count before the known lists. Of the known lists that of sessions is the most general, and counts last. */
export function cookieGroups({ cookies, harmless, preview }: CookieLists = {}): CookieGroups {
  const tests: readonly (readonly [CookieGroup, (name: string) => boolean])[] = [
    ["session", nameTest(namesOf(cookies, []))],
    ["harmless", nameTest(namesOf(harmless, []))],
    ["preview", nameTest(namesOf(preview, PREVIEW_COOKIES))],
    ["tracker", isReplaced(harmless) ? () => false : unlessSession(TRACKER_COOKIES)],
    ["harmless", isReplaced(harmless) ? () => false : unlessSession(HARMLESS_COOKIES)],
    ["session", nameTest(isReplaced(cookies) ? [] : SESSION_COOKIES)],
  ];
  const known = boundedMap<string, CookieGroup>(MAX_REMEMBERED);
  const byName = (name: string): CookieGroup => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const bare = bareName(name);
    const found = tests.find(([, test]) => test(bare))?.[0];
    const group = found ?? (HEX_NAME.test(bare) && !isReplaced(cookies) ? "session" : "unknown");
    // no client uses longer names
    if (name.length <= 256) known.set(name, group);
    return group;
  };
  return (name, value) => {
    const group = byName(name);
    return group === "unknown" && isCredentialShaped(value) && !isReplaced(cookies) ? "session" : group;
  };
}

function isReplaced(list: NameList | undefined): boolean {
  return list !== undefined && "only" in list;
}

function nameTest(patterns: readonly string[]): (name: string) => boolean {
  return anyPatternTest(patterns.map(bareName));
}

/** Words of sessions that no star may hide: `*consent*` does not match `oauth2_consent_csrf`, nor `amp_*` `amp_auth`. */
const SESSION_WORD = /sess|auth|login|signin|logged|csrf|xsrf|jwt|token|passw/;

/** A test for known names. A name with a session's word matches only a pattern that has such a word, too. */
function unlessSession(patterns: readonly string[]): (name: string) => boolean {
  const spelledOut = nameTest(patterns.filter((pattern) => !pattern.includes("*") || SESSION_WORD.test(pattern)));
  const any = nameTest(patterns);
  return (name) => (SESSION_WORD.test(name) ? spelledOut(name) : any(name));
}

function bareName(name: string): string {
  return name.toLowerCase().replace(PREFIX, "");
}

/** Some content systems call their session by a digest of the site's secret. */
const HEX_NAME = /^[0-9a-f]{32,}$/;

/** JSON in base64, which begins every JSON Web Token, and Laravel's encrypted values. */
const ENCODED_JSON = /^(?:bearer(?:%20|\+| ))?eyj[\w+/=%.-]{10,}$/i;
/** `s:id.signature` of Express; `id.time.signature` and `value:time:signature` of Flask and Django; `data--digest` of Rails. */
const SIGNED =
  /^(?:s(?:%3a|:)[^.]+\.[\w+/=%-]{20,}|[\w+/=%-]+[.:][\w-]{5,10}[.:][\w-]{20,}|[\w+/=%-]{8,}--[\w+/=%-]{16,})$/i;

/** A longer value is not tested. */
const MAX_READ = 4096;

/** Whether a value looks like a signed identity, whatever its cookie is called. */
export function isCredentialShaped(value: string): boolean {
  const bare = value.replace(/^"(.*)"$/, "$1").slice(0, MAX_READ);
  return ENCODED_JSON.test(bare) || SIGNED.test(bare);
}
