// Owns the device class of a User-Agent: four words, so that pages may differ by device and still be shared.

export type DeviceClass = "mobile" | "tablet" | "desktop" | "bot";

/** Names of crawlers and link previews; most give an address behind a plus. CUBOT makes telephones. */
const BOT =
  /(?<!cu)bot|crawl|spider|slurp|\+https?:|archiver|externalhit|mediapartners|inspectiontool|googleother|bingpreview|lighthouse|headless/;
/** "Tablet PC" is Windows on a desktop or laptop with a pen. */
const TABLET = /ipad|tablet(?! pc)|kindle|playbook/;
const MOBILE = /mobi|iphone|ipod|windows phone|opera mini|blackberry/;

/**
 * Coarse by intention: the class of a page, not of a device. A field that is absent or unknown is `desktop`. Limits: an iPad
 * asks for desktop pages in Safari's default setting and then calls itself a Mac; Android televisions count as tablets (they
 * are Android without "Mobile"); a program that poses as a browser counts as that browser. Client hints are not consulted.
 */
export function deviceClass(userAgent: string | undefined): DeviceClass {
  const text = (userAgent ?? "").toLowerCase();
  if (BOT.test(text)) return "bot";
  if (TABLET.test(text)) return "tablet";
  if (MOBILE.test(text)) return "mobile";
  // telephones say so, tablets do not
  return text.includes("android") ? "tablet" : "desktop";
}
