// Owns the languages the shop speaks, and the one it falls back to.

export const LOCALES = ["en", "de", "fr"] as const;
export type Locale = (typeof LOCALES)[number];

/** Every text exists in it, and it is shown where a translation is missing. */
export const DEFAULT_LOCALE = "en" satisfies Locale;
