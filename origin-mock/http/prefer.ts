// Owns the Prefer field (RFC 7240): the one preference the shop knows, how long the client wants to wait.

// preference = token [ "=" word ] *( ";" [ parameter ] ), in a comma-separated list; a word may be quoted.
const PREFERENCE = /(?:^|,)[ \t]*wait[ \t]*=[ \t]*(?:(\d{1,9})|"(\d{1,9})")[ \t]*(?=[,;]|$)/i;
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** Seconds. Undefined for an absent or unreadable preference. The first of several counts (section 2). */
export function waitSeconds(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  // Quoted text may hold commas. A quoted number equals a bare one.
  const plain = field.replaceAll(QUOTED, (quoted) => (/^"\d{1,9}"$/.test(quoted) ? quoted : '""'));
  const [, bare, quoted] = PREFERENCE.exec(plain) ?? [];
  const seconds = bare ?? quoted;
  return seconds === undefined ? undefined : Number(seconds);
}
