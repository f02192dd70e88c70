// Owns whether a browser has to drop its cache: it compares the browser's epoch cookie with the last purge of browsers.
import type { FieldReader } from "../message/fields.ts";

export const EPOCH_COOKIE = "strata-epoch";

/** The page's answer sets the epoch cookie to `value`, and may clear the browser's cache. */
export type Clearing = { readonly clears: boolean; readonly value: string };

/** The cookie's value in a browser that may hold something from before the purge; its next visit clears the cache. */
const PENDING = "0";

/** Clocks of the log and of isolates may differ by so much, seconds. */
const SKEW_SECONDS = 60;

/**
 * Nothing where the browser has obeyed. A browser that is behind clears its cache, and so does one without a cookie that shows, by a
 * condition, that it holds a copy: since the answer is not stored, it cannot show that again. Any other gets the cookie first:
 * a browser that refuses cookies is never told to clear. `epoch`: the last purge of browsers, seconds since 1970. `cookies`: those that a browser
 * sends, its own and maybe another's, which a neighbouring host has set for both.
 */
export function clearingFor(
  epoch: number,
  cookies: readonly string[],
  field: FieldReader,
  nowMs: number,
): Clearing | undefined {
  // an isolate ahead of this one may have set a later epoch, but none that lies in the future
  const latest = nowMs / 1000 + SKEW_SECONDS;
  const hasObeyed = cookies.some((said) => /^\d+$/.test(said) && Number(said) >= epoch && Number(said) <= latest);
  if (hasObeyed) return undefined;
  const holdsCopy = field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
  const clears = cookies.length > 0 || holdsCopy;
  return { clears, value: clears ? String(epoch) : PENDING };
}

/** Lines of a Cookie field that are sent apart may arrive joined by a comma. */
const EPOCHS = new RegExp(`(?:^|[;,])\\s*${EPOCH_COOKIE}=([^;,]*)`, "g");

/** The epochs in a Cookie field. */
export function epochCookies(cookie = ""): readonly string[] {
  return [...cookie.matchAll(EPOCHS)].map(([, value = ""]) => value.trim());
}

/** A Cookie field without epochs: they are between browser and edge, so they count for no session, no key and no origin. */
export function withoutEpoch(cookie: string | undefined): string | undefined {
  if (cookie?.includes(EPOCH_COOKIE) !== true) return cookie;
  const others = cookie.replaceAll(EPOCHS, "").replace(/^[;,\s]+/, "");
  return others === "" ? undefined : others;
}
