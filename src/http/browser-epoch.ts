// Owns whether a browser has to drop its cache: what its epoch cookie says, against the last purge of browsers.
import type { FieldReader } from "./fields.ts";

export const EPOCH_COOKIE = "strata-epoch";

/** What a page's answer has to carry: `value` is the cookie's. */
export type Clearing = { readonly clears: boolean; readonly value: string };

/** What the cookie of a browser says that may hold something from before the purge: its next visit clears it. */
const PENDING = "0";

/**
 * Nothing where the browser has obeyed. One that is behind clears its cache, and so does one without a cookie that shows, by a
 * condition, that it holds a copy: since the answer is not stored, it cannot show that again. Any other gets the cookie first:
 * who refuses cookies is never told to clear. `epoch`: the last purge of browsers, seconds since 1970.
 */
export function clearingFor(epoch: number, cookie: string | undefined, field: FieldReader): Clearing | undefined {
  // an isolate ahead of this one may have set a later one
  if (cookie !== undefined && /^\d{1,15}$/.test(cookie) && Number(cookie) >= epoch) return undefined;
  const holdsCopy = field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
  return cookie !== undefined || holdsCopy ? { clears: true, value: String(epoch) } : { clears: false, value: PENDING };
}

/** The epoch in a Cookie field. */
export function epochCookie(cookie: string | undefined): string | undefined {
  return pairs(cookie)
    .find((pair) => isEpoch(pair))
    ?.slice(EPOCH_COOKIE.length + 1);
}

/** A Cookie field without it: it is between browser and edge, so it counts for no session, no key and no origin. */
export function withoutEpoch(cookie: string | undefined): string | undefined {
  if (cookie?.includes(EPOCH_COOKIE) !== true) return cookie;
  const kept = pairs(cookie).filter((pair) => !isEpoch(pair));
  return kept.length === 0 ? undefined : kept.join("; ");
}

function pairs(cookie: string | undefined): readonly string[] {
  return cookie?.split(";").map((pair) => pair.trim()) ?? [];
}

function isEpoch(pair: string): boolean {
  return pair.startsWith(`${EPOCH_COOKIE}=`);
}
